/**
 * What examples/compose.yaml and the Kubernetes Job of docs/pipeline.md start. No container is built by a test: the
 * commands run here, against a Redis and an S3 server at the places of the two services.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { parse } from 'yaml';
import { PROGRAMS } from '../cli/codec-lm/programs.ts';
import { parseOptions } from '../cli/parse.ts';
import { programOf } from '../cli/program.ts';
import { writeCrops } from '../demo/crops.ts';
import { ROOT } from './helpers/guide.ts';
import { startRedis } from './helpers/redis.ts';
import { hasMoto, makeBucket, startS3 } from './helpers/s3-server.ts';
import { temporaryFolder } from './helpers/temporary.ts';
import { hasTool, testIf } from './helpers/tools.ts';

interface Service {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  profiles?: string[];
}

const compose = async () =>
  parse(await readFile(join(ROOT, 'examples/compose.yaml'), 'utf8'), { merge: true }) as {
    services: Record<string, Service>;
  };

/** Throws what the command line would say. */
async function check([name, ...argv]: string[]): Promise<void> {
  const { spec } = await PROGRAMS[name].load();
  const program = programOf({ ...spec, called: spec.name }, async (found, _places, raw) => {
    parseOptions(found.options, raw);
  });
  await program.parseAsync(argv, { from: 'user' });
}

test('every service waits for services that are there, and its command is one of ours', async (t) => {
  const { services } = await compose();
  const own = Object.values(services).filter(({ image }) => image === 'codec-lm');
  t.is(own.length, 3);
  for (const { command, depends_on = {} } of own) {
    await t.notThrowsAsync(check(command!));
    for (const name of Object.keys(depends_on)) t.true(name in services, name);
  }
});

/** Blocks of YAML of a page, indented by four. */
async function manifestsOf(page: string) {
  const text = await readFile(join(ROOT, page), 'utf8');
  const blocks = [...text.matchAll(/(?:^ {4}.*\n|^\n(?= {4}))+/gm)].map(([block]) => block);
  return blocks.filter((block) => block.includes('apiVersion:')).map((block) => parse(block));
}

test("the Job of docs/pipeline.md runs the Dockerfile's image, by a command of ours", async (t) => {
  const [job, ...others] = await manifestsOf('docs/pipeline.md');
  t.is(others.length, 0);
  t.is(job.kind, 'Job');
  const [{ image, args, command }] = job.spec.template.spec.containers;
  t.is(image, 'codec-lm');
  t.is(command, undefined, 'it would replace the entry point');
  await t.notThrowsAsync(check(args));
});

testIf(
  hasMoto() && hasTool('redis-server'),
  'moto (bench/peers/setup-moto.sh) or redis-server is missing',
  'what compose.yaml starts makes a dataset, on two workers',
  async (t) => {
    t.timeout(170_000);
    const { services } = await compose();
    const [storage, queue] = await Promise.all([startS3(), startRedis()]);
    t.teardown(storage.stop);
    t.teardown(queue.stop);
    await makeBucket(storage, 'codec-lm');
    const folder = await temporaryFolder(t);
    await mkdir(join(folder, 'photos'));
    await writeCrops(join(folder, 'photos'), 24);
    const run = async (name: string) => {
      const { command, environment } = services[name];
      const args = command!.map((word) =>
        word.replace('redis://queue:6379', queue.address).replace('100', '8'),
      );
      const env = { ...environment, ...storage.env };
      const bin = join(ROOT, 'bin/codec-lm.js');
      const done = await execa(bin, args, { cwd: folder, env, all: true, reject: false });
      t.is(done.exitCode, 0, done.all);
      return done.stdout;
    };
    await run('plan');
    await Promise.all([run('worker'), run('worker')]);
    const seen = await run('tools');
    t.regex(seen, /state\s+complete/);
    t.regex(seen, /documents\s+24,/);
  },
);
