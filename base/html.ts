/**
 * Pages as text. Values put into a template are escaped, so that a file name or a library's message
 * is never read as HTML. Only values that are templates themselves are inserted as they are.
 */
import { PAGE_STYLE } from './page-style.ts';

/** A piece of HTML that is safe to put into another. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** Values that a template accepts; undefined, null and false insert nothing. */
export type HtmlValue = Html | string | number | undefined | null | false | readonly HtmlValue[];

/** @example html`<td title="${path}">${count}</td>` */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(textOf)));
}

/**
 * Marks a text as HTML: a style sheet, a script, a page part of this project. Never pass text from
 * others.
 */
export function rawHtml(text: string): Html {
  return new Html(text);
}

function textOf(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (value === undefined || value === null || value === false) return '';
  return Array.isArray(value) ? value.map(textOf).join('') : escapeHtml(String(value));
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

export interface PageOptions {
  title: string;
  body: HtmlValue;
  /**
   * CSS rules that only this page needs; colours and common elements are in the shared style sheet.
   */
  style?: string;
  /** A script of this project; it never contains text from others. */
  script?: string;
}

/** A complete page that needs no other file. */
export function htmlPage({ title, body, style = '', script }: PageOptions): string {
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${rawHtml(PAGE_STYLE + style)}</style></head>
<body><main>${body}</main>${script !== undefined && html`<script>${rawHtml(script)}</script>`}</body></html>
`;
  return page.text;
}

/**
 * Pictures of at most so many pixels a side are shown enlarged, and their pixels are what people look
 * at: an element of the class `tiny` around them keeps those sharp.
 */
export const TINY_PICTURE = 128;

/** A picture inside the page. */
export function inlineImage(type: string, file: Uint8Array, alt: string): Html {
  const address = `data:${type};base64,${Buffer.from(file).toString('base64')}`;
  return html`<img src="${address}" alt="${alt}" loading="lazy">`;
}

/** A table with a header row. A table wider than the screen scrolls on its own. */
export function htmlTable(
  head: readonly HtmlValue[],
  rows: readonly (readonly HtmlValue[])[],
): Html {
  const titles = head.length > 0 && html`<tr>${head.map((cell) => html`<th>${cell}</th>`)}</tr>`;
  const lines = rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`);
  return html`<div class="wide"><table>${titles}${lines}</table></div>`;
}

/** Names and values in a table of two columns. */
export function htmlPairs(pairs: readonly (readonly [string, HtmlValue])[]): Html {
  const rows = pairs.map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`);
  return html`<table class="pairs">${rows}</table>`;
}

/** Numbers that are looked for first, each over what it counts. */
export function htmlTiles(tiles: readonly (readonly [value: string, what: string])[]): Html {
  const cells = tiles.map(
    ([value, what]) => html`<div class="tile"><b>${value}</b><span>${what}</span></div>`,
  );
  return html`<div class="tiles">${cells}</div>`;
}
