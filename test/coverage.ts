/**
 * Shows how much of the code the tests run, by folder.
 *
 *     npm run coverage                      runs all tests and tells
 *     npm run coverage -- test/base/*.ts    runs these
 *     node bin/start.js test/coverage.ts --of RAW      tells what NODE_V8_COVERAGE=RAW has gathered
 *
 * Processes that the tests start are counted; those that are killed cannot tell what they ran. A
 * file that no test loads counts as not run.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { formatCount, formatTable } from '../base/format.ts';

/** The form of c8's `json-summary`: counts by absolute path, and `total`. */
type Summary = Record<string, { lines: { total: number; covered: number } }>;

/** Folders whose coverage is shown. */
const COUNTED = 'base cli compute evaluation pipeline schemas shards tokenizer trainer wasm'.split(
  ' ',
);

/** Below it a file is named. */
const LOW = 0.5;

async function summarize(raw: string): Promise<Summary> {
  const folder = await mkdtemp(join(tmpdir(), 'codec-lm-coverage-'));
  try {
    await execa(
      'c8',
      [
        ...['report', '--temp-directory', raw, '--reports-dir', folder],
        ...['--reporter', 'json-summary', '--merge-async', '--exclude-after-remap', '--all'],
        ...COUNTED.flatMap((name) => ['--include', `${name}/**/*.ts`]),
      ],
      { preferLocal: true, env: { NODE_V8_COVERAGE: '' }, stderr: 'inherit' },
    );
    return JSON.parse(await readFile(join(folder, 'coverage-summary.json'), 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function report({ total, ...files }: Summary): string {
  const share = (covered: number, of: number) => `${((100 * covered) / of).toFixed(1)} %`;
  const byFile = Object.entries(files).map(([path, { lines }]) => ({
    path: relative(process.cwd(), path),
    ...lines,
  }));
  const rows = COUNTED.map((name) => {
    const own = byFile.filter(({ path }) => path.startsWith(`${name}/`));
    const lines = own.reduce((sum, file) => sum + file.total, 0);
    const covered = own.reduce((sum, file) => sum + file.covered, 0);
    return [name, formatCount(own.length), formatCount(lines), share(covered, lines)];
  });
  const { lines } = total;
  const sum = [
    'all',
    formatCount(byFile.length),
    formatCount(lines.total),
    share(lines.covered, lines.total),
  ];
  const low = byFile
    .filter((file) => file.covered < LOW * file.total)
    .map((file) => `${file.path}: ${share(file.covered, file.total)}`);
  const table = formatTable(['folder', 'files', 'lines', 'run by tests'], [...rows, sum]);
  return low.length === 0 ? table : `${table}\n\nless than half:\n${low.join('\n')}`;
}

const { values, positionals } = parseArgs({
  options: { of: { type: 'string' } },
  allowPositionals: true,
});
let status = 0;
if (values.of !== undefined) {
  console.log(report(await summarize(values.of)));
} else {
  const raw = await mkdtemp(join(tmpdir(), 'codec-lm-coverage-'));
  try {
    const tests = await execa('ava', positionals, {
      preferLocal: true,
      reject: false,
      stdio: 'inherit',
      env: { NODE_V8_COVERAGE: raw },
    });
    status = tests.exitCode ?? 1;
    console.log(report(await summarize(raw)));
  } finally {
    await rm(raw, { recursive: true, force: true });
  }
}
process.exitCode = status;
