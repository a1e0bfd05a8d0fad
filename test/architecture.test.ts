/** The house: which folder may know which, and how large files and folders may be. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Data flows down: a folder knows those before it, never those behind it. */
const ORDER = [
  'schemas',
  'base',
  'wasm',
  'compute',
  'tokenizer',
  'shards',
  'pipeline',
  'trainer',
  'evaluation',
  'cli',
];
/**
 * Folders beside the architecture; only the command lines know the set-up, which `codec-lm`
 * contains too.
 */
const isAllowed = (from: string, to: string) => roomOf(from) === 'cli' && roomOf(to) === 'setup';
/** Both sit on shards, and neither knows the other. */
const STRANGERS = ['pipeline', 'trainer'];

/** Folders of test/ that no folder of the sources corresponds to. */
const ONLY_IN_TEST = new Map<string, string>([
  ['helpers', 'what several tests share'],
  ['golden', 'files with what is expected of them'],
  ['doors', 'what package.json exports: the index.ts of several folders'],
]);

const MAX_LINES = 300;
const MAX_FILES = 20;

const sources = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.(ts|js|mjs)$/.test(file) && existsSync(join(ROOT, file)));
const text = new Map(sources.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));

interface Import {
  from: string;
  to: string;
  /** Gone when the program runs. */
  isType: boolean;
}

/** Relative imports, static and dynamic, and re-exports. */
const IMPORT =
  /(?:^|\n)\s*(import|export)\s(type\s)?[^'";]*?from\s'(\.[^']+)'|import\('(\.[^']+)'\)/g;

const imports: Import[] = sources.flatMap((from) =>
  [...text.get(from)!.matchAll(IMPORT)].map((match) => ({
    from,
    to: normalize(join(dirname(from), match[3] ?? match[4])),
    isType: match[2] !== undefined,
  })),
);

const roomOf = (file: string) => file.split('/')[0];
/** `a/b/c` -> `a`, `a/b`, `a/b/c` */
const foldersOf = (folder: string): string[] =>
  folder.split('/').map((_, i, names) => names.slice(0, i + 1).join('/'));

/** The texts in `code` in a cell of a table. */
const namesIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);

test('imports are found at all', (t) => {
  t.true(imports.length > 500);
  t.true(imports.some(({ from, to }) => from === 'cli/run.ts' && to === 'base/error.ts'));
});

test('data flows down: no folder knows one that stands behind it', (t) => {
  const upward = imports
    .filter(({ from, to }) => {
      const [own, other] = [ORDER.indexOf(roomOf(from)), ORDER.indexOf(roomOf(to))];
      return own >= 0 && (other > own || other < 0) && !isAllowed(from, to);
    })
    .map(({ from, to }) => `${from} -> ${to}`);
  t.deepEqual(upward, []);
});

test('pipeline and trainer do not know each other', (t) => {
  const known = imports.filter(({ from, to }) => {
    const rooms = [roomOf(from), roomOf(to)];
    return rooms[0] !== rooms[1] && rooms.every((room) => STRANGERS.includes(room));
  });
  t.deepEqual(known, []);
});

test('no file imports itself by way of others', (t) => {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      return;
    }
    if (done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of sources) visit(file, []);
  t.deepEqual(circles, []);
});

test(`no file is longer than ${MAX_LINES} lines, and outside of test/ no folder has more than ${MAX_FILES} files`, (t) => {
  const long = sources
    .map((file) => `${file}: ${text.get(file)!.trimEnd().split('\n').length}`)
    .filter((line) => Number(line.split(': ')[1]) > MAX_LINES);
  t.deepEqual(long, []);
  const counts = new Map<string, number>();
  for (const file of sources) {
    if (roomOf(file) !== 'test') counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  }
  t.deepEqual(
    [...counts].filter(([, count]) => count > MAX_FILES),
    [],
  );
});

test('a test lies in the folder of what it tests, and helpers of several folders in test/helpers', (t) => {
  const folders = new Set(
    sources.filter((file) => roomOf(file) !== 'test').flatMap((file) => foldersOf(dirname(file))),
  );
  const homeless = sources
    .filter((file) => file.startsWith('test/') && file.split('/').length > 2)
    .filter((file) => !ONLY_IN_TEST.has(file.split('/')[1]))
    .filter((file) => !folders.has(dirname(file).slice('test/'.length)));
  t.deepEqual(homeless, []);
  t.true([...ONLY_IN_TEST.keys()].every((name) => existsSync(join(ROOT, 'test', name))));

  // `engine/share.ts` has its test in `engine/`, not in the folder above it.
  const strayed = sources
    .filter((file) => file.startsWith('test/') && file.endsWith('.test.ts'))
    .flatMap((file) => {
      const subject = file.slice('test/'.length).replace(/\.test\.ts$/, '');
      if (text.has(`${subject}.ts`) || folders.has(subject)) return [];
      const [folder, name] = [dirname(subject), basename(subject)];
      const deeper = sources.filter(
        (source) => source.startsWith(`${folder}/`) && basename(source) === `${name}.ts`,
      );
      return deeper.map((source) => `${file} is about ${source}`);
    });
  t.deepEqual(strayed, []);

  const borrowed = imports
    .filter(({ to }) => to.startsWith('test/') && !to.startsWith('test/helpers/'))
    .filter(({ from, to }) => !from.startsWith(`${dirname(to)}/`))
    .map(({ from, to }) => `${from} -> ${to}`);
  t.deepEqual(borrowed, []);
});

test('outside of its home nobody compares with the name of a codec', (t) => {
  const isAway = (file: string) =>
    !/^(test|bench|demo|findings)\//.test(file) && !file.startsWith('tokenizer/codecs/');
  const naming = sources.filter(
    (file) => isAway(file) && /[=!]==? '(jpeg|avc|pixels|vq)'/.test(text.get(file)!),
  );
  t.deepEqual(naming, []);
});

/** A door forwards to functions of the same name; every program's spec is one. */
const SHARED_NAMES = ['spec'];
const isDoor = (file: string) => /^(\w+\/)?index\.ts$|^pipeline\/api\.ts$/.test(file);

test('an exported name has one meaning: it is declared in one file', (t) => {
  const homes = new Map<string, Set<string>>();
  for (const file of sources.filter((name) => ORDER.includes(roomOf(name)) && !isDoor(name))) {
    const declared = text
      .get(file)!
      .matchAll(
        /^export (?:abstract |async )?(?:function\*?|class|interface|type|const|let|enum) (\w+)/gm,
      );
    for (const [, name] of declared) homes.set(name, (homes.get(name) ?? new Set()).add(file));
  }
  t.true(homes.size > 500);
  const shared = [...homes].filter(
    ([name, files]) => files.size > 1 && !SHARED_NAMES.includes(name),
  );
  t.deepEqual(
    shared.map(([name, files]) => `${name}: ${[...files].join(', ')}`),
    [],
  );
});

test('the libraries know each other by their doors', (t) => {
  const libraries = ['tokenizer', 'shards', 'pipeline', 'trainer'];
  const beside = imports
    .filter(({ from, to }) => {
      const [own, other] = [roomOf(from), roomOf(to)];
      return own !== other && libraries.includes(own) && libraries.includes(other);
    })
    .filter(({ to }) => !isDoor(to))
    .map(({ from, to }) => `${from} -> ${to}`);
  // Loaded when a dataset's documents are first asked for: whoever reads ids needs none of the rest.
  t.deepEqual(beside.sort(), [
    'shards/dataset/tokenizer.ts -> tokenizer/bpe/files/huggingface.ts',
    'shards/dataset/viewer.ts -> tokenizer/codecs/registry.ts',
  ]);
});

/** Pages that lead through the code. */
const GUIDES = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'GLOSSARY.md', 'README.md', 'docs/masks.md'];

test('guides name files, folders and pages that are there', (t) => {
  for (const guide of GUIDES) {
    const page = readFileSync(join(ROOT, guide), 'utf8');
    const named = [...page.matchAll(/`((?:[\w-]+\/)+(?:[\w.-]+\.(?:ts|mjs|js|md|sh))?)`/g)]
      .map(([, path]) => path)
      .filter((path) => !path.includes('NAME') && existsSync(join(ROOT, path.split('/')[0])));
    const linked = [...page.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path]) =>
      join(dirname(guide), path),
    );
    const lost = [...named, ...linked].filter((path) => !existsSync(join(ROOT, path)));
    t.deepEqual(lost, [], guide);
  }
});

test('each step in the way of one picture is a function of one of the files beside it', (t) => {
  const page = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  const steps = [...page.matchAll(/^\|[^|]+\|([^|]*`[A-Za-z]+`[^|]*)\|([^|]*\.ts`[^|]*)\|$/gm)];
  t.true(steps.length > 20);
  for (const [line, functions, files] of steps) {
    const code = namesIn(files).map((file) => text.get(file) ?? '');
    for (const name of namesIn(functions)) {
      const isThere = code.some((each) => new RegExp(`\\b${name}\\b`).test(each));
      t.true(isThere, `${name}: ${line}`);
    }
  }
});
