/** The recipes of examples/queue: their files are read, and the commands in them run, here on one machine. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { parse, parseAllDocuments } from 'yaml';
import { hashesOf, makeExpected, PIPELINE, removeFolder, SMALL } from '../helpers/pipeline-runs.ts';
import { startRedis } from '../helpers/redis.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testIf, testWith } from '../helpers/tools.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLES = join(ROOT, 'examples/queue');
const RAY_PYTHON = join(ROOT, 'bench/peers/.venv-far/bin/python');
const QUEUE = 'redis://queue:6379';

interface Container {
  image: string;
  args?: string[];
  command?: string[];
}

interface Resource {
  kind: string;
  metadata: { name: string };
  spec: {
    parallelism?: number;
    ports?: { port: number }[];
    template?: { spec: { restartPolicy?: string; containers: Container[] } };
  };
}

let made: Awaited<ReturnType<typeof makeExpected>>;

test.before(async () => {
  made = await makeExpected(40);
});
test.after.always(async () => {
  if (made) await removeFolder(made.work);
});

/** The program of the image, whose entry point is `codec-lm`, and `pipeline`, as on a cluster's machines. */
async function programs(t: ExecutionContext): Promise<Record<string, string>> {
  const bin = join(await temporaryFolder(t), 'bin');
  await mkdir(bin);
  for (const name of ['codec-lm', 'pipeline']) {
    const script = `#!/bin/sh\nexec node ${join(ROOT, 'bin', `${name}.js`)} "$@"\n`;
    await writeFile(join(bin, name), script);
    await chmod(join(bin, name), 0o755);
  }
  return { PATH: `${bin}:${process.env.PATH}` };
}

async function resourcesIn(name: string): Promise<Resource[]> {
  const text = await readFile(join(EXAMPLES, name), 'utf8');
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS() as Resource;
  });
}

function containerOf(resources: Resource[], job: string): Container {
  const found = resources.find(({ kind, metadata }) => kind === 'Job' && metadata.name === job);
  return found!.spec.template!.spec.containers[0];
}

/** Runs a command of a recipe in the place of its source, its dataset and its queue. */
async function runHere(
  t: ExecutionContext,
  command: string,
  { out, queue, env }: { out: string; queue: string; env: Record<string, string> },
) {
  const here = command
    .replaceAll('s3://bucket/photos', made.corpus)
    .replaceAll('s3://bucket/ds', out)
    .replaceAll(QUEUE, queue);
  t.false(here.includes('s3://'));
  const all = { SOURCE: made.corpus, OUT: out, QUEUE: queue, ...env };
  const run = await execa('sh', ['-euc', `${here} ${SMALL.join(' ')}`], {
    env: all,
    reject: false,
  });
  t.is(run.exitCode, 0, String(run.stderr));
}

testWith(
  'redis-server',
  'Kubernetes: a queue, a plan, and workers that no pod has to number',
  async (t) => {
    const [planning, working] = [
      await resourcesIn('kubernetes-plan.yaml'),
      await resourcesIn('kubernetes-workers.yaml'),
    ];
    t.deepEqual(
      [...planning, ...working].map(({ kind }) => kind),
      ['Service', 'Deployment', 'Job', 'Job'],
    );
    t.is(planning[0].spec.ports![0].port, 6379);
    t.true(working[0].spec.parallelism! > 1);
    t.is(working[0].spec.template!.spec.restartPolicy, 'OnFailure');
    const redis = await startRedis();
    t.teardown(redis.stop);
    const place = { out: join(made.work, 'pods'), queue: redis.address, env: await programs(t) };
    const [plan, worker] = [containerOf(planning, 'plan'), containerOf(working, 'encode')];
    for (const { image, args, command } of [plan, worker, worker]) {
      t.is(image, 'codec-lm');
      t.is(command, undefined, 'it would replace the entry point of the image');
      await runHere(t, ['codec-lm', ...args!].join(' '), place);
    }
    t.deepEqual(await hashesOf(place.out), made.expected);
  },
);

testWith('redis-server', 'docker compose: a plan, and workers that are scaled', async (t) => {
  const { services } = parse(await readFile(join(EXAMPLES, 'compose.yaml'), 'utf8'));
  t.deepEqual(Object.keys(services), ['queue', 'plan', 'worker']);
  const redis = await startRedis();
  t.teardown(redis.stop);
  const place = { out: join(made.work, 'compose'), queue: redis.address, env: await programs(t) };
  await runHere(t, `codec-lm ${services.plan.command}`, place);
  await Promise.all([1, 2].map(() => runHere(t, `codec-lm ${services.worker.command}`, place)));
  t.deepEqual(await hashesOf(place.out), made.expected);
});

testWith('redis-server', 'Slurm: each task of an array is a worker', async (t) => {
  const script = await readFile(join(EXAMPLES, 'slurm.sh'), 'utf8');
  t.regex(script, /^#!\/bin\/bash\n#SBATCH .*--array=0-15/);
  const redis = await startRedis();
  t.teardown(redis.stop);
  const place = { out: join(made.work, 'slurm'), queue: redis.address, env: await programs(t) };
  const plan = /#\s+(pipeline plan .*) && sbatch/.exec(script)![1];
  await runHere(t, plan, place);
  const tasks = [0, 1].map((task) => {
    const env = { ...place.env, SLURM_CPUS_PER_TASK: '1', SLURM_ARRAY_TASK_ID: String(task) };
    const command = script.slice(script.indexOf('exec pipeline')).trimEnd();
    return runHere(t, command, { ...place, env });
  });
  await Promise.all(tasks);
  t.deepEqual(await hashesOf(place.out), made.expected);
});

testIf(
  existsSync(RAY_PYTHON),
  'run bench/peers/setup-far.sh first',
  'Ray: a task for each partition gives the bytes of a plain run',
  async (t) => {
    const out = join(made.work, 'ray');
    const script = join(EXAMPLES, 'on_ray.py');
    const args = [script, 'images', made.corpus, '--out', out, ...SMALL];
    const env = {
      PIPELINE: `${process.execPath} ${PIPELINE}`,
      RAY_USAGE_STATS_ENABLED: '0',
      RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO: '0',
    };
    const run = await execa(RAY_PYTHON, args, { env, reject: false });
    t.is(run.exitCode, 0, String(run.stderr));
    t.regex(String(run.stderr), /4 of 4 partitions/);
    t.deepEqual(await hashesOf(out), made.expected);
  },
);
