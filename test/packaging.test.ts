/** Files for others' machines: what they name is here. No container is built by a test. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '..');
const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');

test('Dockerfile: what it copies and starts is in the repository', (t) => {
  const lines = textOf('Dockerfile').split('\n');
  const copied = lines
    .filter((line) => line.startsWith('COPY '))
    .flatMap((line) => line.split(' ').slice(1, -1));
  t.true(copied.length >= 4);
  for (const path of copied) t.true(existsSync(join(ROOT, path)), path);
  const text = lines.join('\n');
  const named = [...text.matchAll(/(?<=node )bin\/[\w-]+\.js/g)].map(([path]) => path);
  const [, linked] = /for name in ([\w -]+);/.exec(text)!;
  const programs = [...named, ...linked.split(' ').map((name) => `bin/${name}.js`)];
  t.true(programs.length >= 6);
  for (const path of programs)
    t.true((statSync(join(ROOT, path)).mode & 0o111) !== 0, `${path} is executable`);
  t.regex(text, /--gpu/);
  t.regex(textOf('setup/command.ts'), /\bgpu:/, 'setup has the option of the CUDA variant');
});

test('the workflow runs the check of this repository on the versions of Node that it is for', (t) => {
  const { jobs } = parse(textOf('.github/workflows/check.yml'));
  t.regex(JSON.stringify(jobs.check.steps), /\.ci\/run/);
  t.true(existsSync(join(ROOT, '.ci/run')));
  t.deepEqual(jobs.check.strategy.matrix.node, [20, 22, 24]);
});

test('CITATION.cff and package.json name the same version and licence', (t) => {
  const cited = parse(textOf('CITATION.cff'));
  const { version, license } = JSON.parse(textOf('package.json'));
  t.is(cited.version, version);
  t.is(cited.license, license);
  t.is(cited['cff-version'], '1.2.0');
  t.true(cited.authors.length > 0);
});

test('devcontainer.json builds from the Dockerfile that is there', (t) => {
  const { build } = JSON.parse(textOf('.devcontainer/devcontainer.json'));
  t.true(existsSync(join(ROOT, '.devcontainer', build.dockerfile)));
});
