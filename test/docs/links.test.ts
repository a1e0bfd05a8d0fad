/** Links of every page in Markdown: files that are there, and headings that are there. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const pages = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((page) => page !== '' && existsSync(join(ROOT, page)));

/** What stands in blocks and between backticks links nowhere. */
function withoutCode(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```$/gm, '').replace(/`[^`\n]*`/g, '');
}

/** Anchors of a page's headings as GitHub makes them: letters, digits, `-`, `_`; the second of equals ends in -1. */
function anchorsOf(page: string): Set<string> {
  const text = readFileSync(join(ROOT, page), 'utf8').replace(/^ *```[\s\S]*?^ *```$/gm, '');
  const seen = new Map<string, number>();
  const anchors = [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, title]) => {
    const words = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').trim();
    const slug = words
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  return new Set(anchors);
}

interface Link {
  page: string;
  target: string;
}

const links: Link[] = pages.flatMap((page) =>
  [
    ...withoutCode(readFileSync(join(ROOT, page), 'utf8')).matchAll(
      /\]\(<?([^)>\s]+)>?(?: "[^"]*")?\)/g,
    ),
  ].map(([, target]) => ({ page, target })),
);

const isOutside = ({ target }: Link) => /^(https?:|mailto:)/.test(target);

/** Such as `docs/jpeg.md -> ../nowhere.md`; undefined where file and heading are there. */
function faultOf({ page, target }: Link): string | undefined {
  const [path, anchor] = target.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path)));
  if (!existsSync(join(ROOT, file))) return `${page} -> ${target}: no such file`;
  if (anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).has(anchor)) {
    return `${page} -> ${target}: no such heading`;
  }
  return undefined;
}

test('every relative link of every page leads to a file, and to a heading of it', (t) => {
  t.true(pages.length > 20, `${pages.length} pages`);
  const inside = links.filter((link) => !isOutside(link));
  t.true(inside.length > 100, `${inside.length} links`);
  t.deepEqual(
    inside.map(faultOf).filter((fault) => fault !== undefined),
    [],
  );
});

test('dead links are found', (t) => {
  const page = 'docs/errors.md';
  t.is(faultOf({ page, target: '#disk_full' }), undefined);
  t.is(faultOf({ page, target: '../README.md' }), undefined);
  t.regex(faultOf({ page, target: '#disk-full' })!, /no such heading/);
  t.regex(faultOf({ page, target: 'README-2.md' })!, /no such file/);
});

test('every page of docs/ can be reached from README by links', (t) => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    for (const link of links) {
      if (link.page !== page || isOutside(link)) continue;
      reached.add(normalize(join(dirname(page), link.target.split('#')[0])));
    }
  }
  t.deepEqual(
    pages.filter((page) => page.startsWith('docs/') && !reached.has(page)),
    [],
  );
});
