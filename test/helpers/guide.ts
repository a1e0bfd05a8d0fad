/** Blocks of code of a page in Markdown, as a reader meets them. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

export interface Block {
  /** Word behind the fence: `sh`, `python`, `text` … */
  language: string;
  code: string;
  /** Line of the page on which the code begins. */
  line: number;
  /** `<!-- test: needs ffmpeg, long -->` in front of a block. */
  marks: Marks;
  /** Name in a first line such as `# read.py` or `// sample.ts`: the code is kept in that file. */
  file?: string;
  /** A block `text` right behind a block `sh`: lines that it prints; `…` stands for anything. */
  printed?: string;
}

export interface Marks {
  /** Programs, or `python MODULE`: where one is missing, the block is passed over. */
  needs: string[];
  /** Only `npm run test:long` and CI have the time. */
  isLong: boolean;
  /** Goes on until the page ends; its first line on stdout says that it is ready. */
  isServer: boolean;
  /** Shown to be read: what is needed is never at hand. The reason follows. */
  shown?: string;
}

const FENCE = /^(?:<!-- test: ([^\n]*) -->\n)?```(\w+)\n([\s\S]*?)^```$/gm;
const FILE_NAME = /^(?:#|\/\/) ([\w.-]+\.\w+)\n/;

/** @param page path from the root of the repository */
export async function blocksOf(page: string): Promise<Block[]> {
  const text = await readFile(join(ROOT, page), 'utf8');
  const blocks: Block[] = [];
  let end = 0;
  for (const match of text.matchAll(FENCE)) {
    const [whole, marks = '', language, code] = match;
    const between = text.slice(end, match.index).trim();
    end = match.index + whole.length;
    const before = blocks.at(-1);
    if (language === 'text' && before?.language === 'sh' && between === '') {
      before.printed = code;
      continue;
    }
    const line = text.slice(0, match.index + whole.indexOf('```')).split('\n').length + 1;
    blocks.push({ language, code, line, marks: marksOf(marks), file: FILE_NAME.exec(code)?.[1] });
  }
  return blocks;
}

function marksOf(text: string): Marks {
  const marks: Marks = { needs: [], isLong: false, isServer: false };
  for (const part of text.split(', ').filter((each) => each !== '')) {
    const [word, ...rest] = part.split(' ');
    if (word === 'needs') marks.needs.push(rest.join(' '));
    else if (word === 'long') marks.isLong = true;
    else if (word === 'server') marks.isServer = true;
    else if (word === 'shown' && rest.length > 0) marks.shown = rest.join(' ');
    else throw new Error(`no mark of a block: ${part}`);
  }
  return marks;
}

/** Lines of `printed` that `output` does not have, in their order. */
export function missingLines(printed: string, output: string): string[] {
  let rest = output;
  return printed
    .split('\n')
    .filter((line) => line.trim() !== '' && line.trim() !== '…')
    .filter((line) => {
      const pattern = line
        .trim()
        .split('…')
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+'))
        .join('.*');
      const found = new RegExp(`^[^\\S\\n]*${pattern}[^\\S\\n]*$`, 'm').exec(rest);
      if (found) rest = rest.slice(found.index + found[0].length);
      return !found;
    });
}
