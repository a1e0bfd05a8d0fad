import { spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa, type Options } from 'execa';
import {
  makeCorpus,
  PIPELINE,
  pipeline,
  removeFolder,
  SMALL,
  workFolder,
} from '../../helpers/pipeline-runs.ts';
import { testIf } from '../../helpers/tools.ts';

let work: string;
let corpus: string;
test.before(async () => {
  work = await workFolder();
  await chmod(work, 0o755);
  corpus = join(work, 'corpus');
  await makeCorpus(corpus, 20);
});
test.after.always(() => removeFolder(work));

/** Root may read everything, so as root the run is somebody else's. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const asNobody: Options = isRoot ? { uid: NOBODY, gid: NOBODY, env: { HOME: '/tmp' } } : {};
const mayRun = spawnSync('node', [PIPELINE, '--version'], asNobody as object).status === 0;

testIf(
  mayRun,
  'a user without rights cannot run the command here',
  'a folder that may not be read is reported, and the rest is planned',
  async (t) => {
    const source = join(work, 'locked');
    await makeCorpus(source, 6);
    await mkdir(join(source, 'secret'));
    await copyFile(join(corpus, 'image-0.jpg'), join(source, 'secret', 'image.jpg'));
    await chmod(join(source, 'secret'), 0o000);
    const place = join(work, 'place');
    await mkdir(place);
    await chmod(place, 0o777);
    const args = ['plan', 'images', source, '--out', join(place, 'ds'), ...SMALL];
    const result = await pipeline(args, asNobody);
    t.is(result.exitCode, 0, String(result.stderr));
    t.regex(String(result.stderr), /planned 6 images/);
    t.regex(String(result.stderr), /not listed: .*locked\/secret: EACCES: permission denied$/m);
    await chmod(join(source, 'secret'), 0o755);
  },
);

test('folders deeper than a path may be long are reported, and the rest is planned', async (t) => {
  const source = join(work, 'deep');
  await makeCorpus(source, 4);
  // Relative steps: nobody can name the last of these folders from the root.
  const dig = `for (let i = 0; i < 20; i++) { fs.mkdirSync('${'d'.repeat(250)}'); process.chdir('${'d'.repeat(250)}'); } fs.writeFileSync('image.jpg', '')`;
  await execa('node', ['-e', dig], { cwd: source });
  const out = join(work, 'from-deep');
  const result = await pipeline(['plan', 'images', source, '--out', out, ...SMALL]);
  await execa('rm', ['-rf', source]);
  t.is(result.exitCode, 0, String(result.stderr));
  t.regex(String(result.stderr), /planned 4 images/);
  t.regex(String(result.stderr), /not listed: .*: ENAMETOOLONG: name too long$/m);
});

test('a pipe or a folder that a list names fails with a code, and nothing waits for it', async (t) => {
  await execa('mkfifo', [join(work, 'pipe.jpg')]);
  await mkdir(join(work, 'folder.jpg'));
  const list = join(work, 'list.txt');
  await writeFile(list, 'pipe.jpg\nfolder.jpg\ncorpus/image-0.jpg\n');
  const out = join(work, 'of-pipe');
  const args = ['run', 'images', `@${list}`, '--out', out, ...SMALL, '--max-failures', '70'];
  const result = await pipeline(args);
  t.is(result.exitCode, 3, String(result.stderr));
  t.regex(String(result.stderr), /reading .*pipe\.jpg: not a file \[IMAGE_UNREADABLE\]/);
  t.regex(String(result.stderr), /reading .*folder\.jpg: .*\[IMAGE_UNREADABLE\]/);
});

test('an archive that was written anew since the plan gives failures, no wrong documents', async (t) => {
  const tar = join(work, 'some.tar');
  const names = (await readdir(corpus)).filter((name) => name.endsWith('.jpg')).sort();
  const pack = (members: string[]) => execa('tar', ['-cf', tar, '-C', corpus, ...members]);
  await pack(names);
  const out = join(work, 'of-changed');
  const options = [tar, '--out', out, ...SMALL, '--max-failures', '100'];
  t.is((await pipeline(['plan', 'images', ...options])).exitCode, 0);
  // The first member is gone: every other one lies elsewhere.
  await pack(names.slice(1));
  const result = await pipeline(['run', 'images', ...options]);
  t.is(result.exitCode, 3, String(result.stderr));
  t.regex(
    String(result.stderr),
    /the archive was changed since it was planned.*\[IMAGE_UNREADABLE\]/,
  );
  const { totals } = JSON.parse(await readFile(join(out, 'dataset.json'), 'utf8'));
  t.true(totals.documents < names.length / 2, `${totals.documents} documents of moved members`);
  await pack(names);
  const again = await pipeline(['run', 'images', ...options, '--retry-failed']);
  t.is(again.exitCode, 0, String(again.stderr));
});
