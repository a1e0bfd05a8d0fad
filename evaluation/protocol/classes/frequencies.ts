/** A table of how frequent classes are: lines of a name and a number. */
import { readFile, stat } from 'node:fs/promises';
import { CodecLmError } from '../../../base/error.ts';
import { readError } from '../../../base/file-error.ts';

/** ImageNet-21k with long names takes under a megabyte. */
const MAX_BYTES = 64 * 2 ** 20;

/**
 * Reads `class,frequency` or the same with a tab; a first line without a number is a header. The number is
 * behind the last separator, so that names may have commas.
 * @throws CodecLmError `INPUT_NOT_FOUND`, `INPUT_EMPTY`; `CONFIG_INVALID` that names the line
 */
export async function readFrequencies(path: string): Promise<Map<string, number>> {
  const text = await readSmall(path);
  const found = new Map<string, number>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const match = /^(.+?)\s*[,\t]\s*([^,\t]+)$/.exec(line.trim());
    const name = match?.[1].replace(/^"(.*)"$/, '$1') ?? '';
    const value = Number(match?.[2]);
    if (!match || !Number.isFinite(value) || value < 0) {
      if (i === 0 && match) continue;
      throw problem(path, `line ${i + 1} is no class with a frequency: "${line.slice(0, 80)}"`);
    }
    if (found.has(name)) throw problem(path, `line ${i + 1}: ${name} is there twice`);
    found.set(name, value);
  }
  if (found.size > 0) return found;
  throw new CodecLmError('INPUT_EMPTY', `${path} holds no frequencies`, { path });
}

async function readSmall(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw problem(path, `${size} bytes are too many for a table of classes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    throw readError(error, path);
  }
}

function problem(path: string, what: string): CodecLmError {
  return new CodecLmError('CONFIG_INVALID', `${path}: ${what}`, {
    path,
    hint: 'a line is a class, a comma or tab, and a number: `n01440764,123000`',
  });
}
