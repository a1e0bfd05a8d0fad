import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { CodecLmError } from '../../base/error.ts';
import { nativeDir } from '../../compute/installed.ts';
import { downloadWheel } from '../../setup/download.ts';
import { install } from '../../setup/install.ts';
import type { Route } from '../../setup/routes.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { context, makeWheel, stallingIndex } from './fixture.ts';

const check = async () => '2.21.0';

/** A route that takes a moment and counts how often it was taken. */
function quickRoute(): Route & { taken: number } {
  return {
    name: 'quick',
    taken: 0,
    async build(dir) {
      this.taken++;
      await sleep(100);
      writeFileSync(join(dir, 'a.node'), '');
      return { binding: 'a.node', source: 'a test' };
    },
  };
}

function closedRoute(name: string): Route {
  return {
    name,
    build() {
      throw new CodecLmError('TOOL_MISSING', `no way through ${name}`, { hint: 'build one' });
    },
  };
}

/** Serial tests: the cache folder is a variable of the process. */
async function useCache(t: ExecutionContext): Promise<string> {
  const cache = await temporaryFolder(t);
  process.env.CODEC_LM_CACHE = cache;
  return cache;
}

test.serial('the second time nothing is done', async (t) => {
  const cache = await useCache(t);
  const route = quickRoute();
  const first = await install(context(), { routes: [route], check });
  const second = await install(context(), { routes: [route], check });
  t.is(route.taken, 1);
  t.false(first.already);
  t.true(second.already);
  t.true(existsSync(second.installed!.bindingPath));
  t.deepEqual(readdirSync(cache).length, 1, 'no temporary folder and no lock is left');
});

test.serial('two at once: one builds, the other waits and finds it done', async (t) => {
  await useCache(t);
  const route = quickRoute();
  const contexts = [context(), context()];
  const outcomes = await Promise.all(
    contexts.map((each) => install(each, { routes: [route], check })),
  );
  t.is(route.taken, 1);
  t.deepEqual(outcomes.map(({ already }) => already).sort(), [false, true]);
  t.deepEqual(
    contexts.flatMap(({ lines }) => lines),
    ['another set-up is running; waiting for it'],
  );
});

test.serial('the next route is taken, and every failure is told', async (t) => {
  const cache = await useCache(t);
  const broken = { ...quickRoute(), name: 'does not load' };
  const good = quickRoute();
  let checks = 0;
  const outcome = await install(context(), {
    routes: [closedRoute('first'), broken, good],
    check: async () => {
      if (++checks === 1) throw new CodecLmError('BACKEND_UNAVAILABLE', 'undefined symbol');
      return '2.9.1';
    },
  });
  t.is(outcome.installed?.libtensorflow, '2.9.1');
  t.deepEqual(
    outcome.failures.map(({ route, error }) => `${route}: ${error.message}`),
    ['first: no way through first', 'does not load: undefined symbol'],
  );
  t.is(readdirSync(cache).length, 1);
});

test.serial('without a way nothing is left behind', async (t) => {
  const cache = await useCache(t);
  const outcome = await install(context(), { routes: [closedRoute('only')], check });
  t.is(outcome.installed, undefined);
  t.is(outcome.failures.length, 1);
  t.deepEqual(readdirSync(cache), []);
});

test.serial('a mistake of ours is not taken for a closed way', async (t) => {
  await useCache(t);
  const route: Route = {
    name: 'buggy',
    async build() {
      throw new TypeError('x is not a function');
    },
  };
  await t.throwsAsync(install(context(), { routes: [route], check }), { name: 'TypeError' });
});

test.serial(
  'the leftovers of a killed set-up are removed, and its lock is taken over',
  async (t) => {
    const cache = await useCache(t);
    const dir = nativeDir('cpu');
    mkdirSync(`${dir}.tmp-killed/download`, { recursive: true });
    mkdirSync(`${dir}.lock`);
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(`${dir}.lock`, longAgo, longAgo);
    const { installed } = await install(context(), { routes: [quickRoute()], check });
    t.is(installed?.dir, dir);
    t.is(readdirSync(cache).length, 1);
  },
);

test.serial('an interrupted download leaves nothing', async (t) => {
  const cache = await useCache(t);
  const wheel = makeWheel(await temporaryFolder(t));
  const { halfWay } = await stallingIndex(t, wheel);
  const controller = new AbortController();
  const route: Route = {
    name: 'stalls',
    async build(dir, inner) {
      await downloadWheel(wheel.pin, join(dir, 'download'), { ...inner, python: 'python3' });
      throw new Error('the download cannot have ended');
    },
  };
  const installing = install(context(controller.signal), { routes: [route], check });
  await halfWay;
  controller.abort();
  await t.throwsAsync(installing, { code: 'INTERRUPTED' });
  t.deepEqual(readdirSync(cache), []);
});
