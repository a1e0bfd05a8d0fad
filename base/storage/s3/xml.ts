/**
 * Reads the few, flat XML replies of S3. They come from the storage, so every field may be absent,
 * and nothing is assumed about their order.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  quot: '"',
  apos: "'",
  lt: '<',
  gt: '>',
  amp: '&',
};

export interface ListedObject {
  key: string;
  size: number;
}

export interface ListedPage {
  objects: ListedObject[];
  /** Keys up to the next slash, when they were asked for. */
  prefixes: string[];
  /** Where the next page begins; undefined for the last one. */
  next: string | undefined;
}

/** The text of the first element of this name; undefined where there is none. */
export function elementText(xml: string, name: string): string | undefined {
  const start = xml.indexOf(`<${name}>`);
  if (start < 0) return undefined;
  const end = xml.indexOf(`</${name}>`, start);
  return end < 0 ? undefined : unescaped(xml.slice(start + name.length + 2, end));
}

/** Keys are URL-encoded (`encoding-type=url`), since XML has no form for some characters. */
export function parseListing(xml: string): ListedPage {
  const objects = elementsOf(xml, 'Contents').map((element) => ({
    key: decoded(elementText(element, 'Key')),
    size: Number(elementText(element, 'Size') ?? 0),
  }));
  const prefixes = elementsOf(xml, 'CommonPrefixes').map((element) =>
    decoded(elementText(element, 'Prefix')),
  );
  const isTruncated = elementText(xml, 'IsTruncated') === 'true';
  const next = isTruncated ? elementText(xml, 'NextContinuationToken') : undefined;
  return { objects, prefixes, next };
}

/** Uploads of several parts that were begun and not finished. */
export function parseUploads(xml: string): { key: string; id: string }[] {
  return elementsOf(xml, 'Upload').map((element) => ({
    key: decoded(elementText(element, 'Key')),
    id: elementText(element, 'UploadId') ?? '',
  }));
}

export function elementsOf(xml: string, name: string): string[] {
  const elements: string[] = [];
  const [open, close] = [`<${name}>`, `</${name}>`];
  for (let at = xml.indexOf(open); at >= 0; ) {
    const end = xml.indexOf(close, at);
    if (end < 0) break;
    elements.push(xml.slice(at + open.length, end));
    at = xml.indexOf(open, end);
  }
  return elements;
}

function decoded(text = ''): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

function unescaped(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name] ?? all;
  });
}

export function completeXml(etags: readonly string[]): Buffer {
  const parts = etags.map(
    (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`,
  );
  return Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
}

/** Many objects to remove at once. */
export function deleteXml(keys: readonly string[]): Buffer {
  const objects = keys.map((key) => `<Object><Key>${escaped(key)}</Key></Object>`);
  return Buffer.from(`<Delete><Quiet>true</Quiet>${objects.join('')}</Delete>`);
}

function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are escaped
  return text.replace(/[&<>"'\x00-\x1f]/g, (c) => `&#${c.charCodeAt(0)};`);
}
