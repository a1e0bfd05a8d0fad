import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { lifeOf, type ProcessIdentity, thisProcess } from '../../../base/lock/process.ts';
import { testIf } from '../../helpers/tools.ts';

const hasProc = existsSync('/proc/self/stat');
const withProc = (title: string, body: (t: ExecutionContext) => Promise<void> | void) =>
  testIf(hasProc, 'this system has no /proc', title, body);

const PRINT_SELF = `import('${new URL('../../../base/lock/process.ts', import.meta.url)}')
  .then(({ thisProcess }) => console.log(JSON.stringify(thisProcess())))`;
const NODE = [process.execPath, '--import=tsx', '-e', PRINT_SELF];

/** A child that says who it is and then waits. */
async function startChild(t: ExecutionContext): Promise<ProcessIdentity> {
  const child = spawn('sleep', ['600']);
  t.teardown(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  return identityOf(child.pid!);
}

function identityOf(pid: number): ProcessIdentity {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return { ...thisProcess(), pid, startTime };
}

withProc('this process lives, and so does a child until it is killed', async (t) => {
  t.is(lifeOf(thisProcess()), 'alive');
  const child = await startChild(t);
  t.is(lifeOf(child), 'alive');
  process.kill(child.pid, 'SIGSTOP');
  t.is(lifeOf(child), 'alive', 'one that is stopped may go on');
  process.kill(child.pid, 'SIGKILL');
  while (existsSync(`/proc/${child.pid}`)) await setTimeout(5);
  t.is(lifeOf(child), 'dead');
});

withProc('a zombie, whose parent never asks for its exit code, is dead', async (t) => {
  // The shell becomes a program that knows nothing of the child it has.
  const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600']);
  t.teardown(() => parent.kill('SIGKILL'));
  const [line] = await once(parent.stdout, 'data');
  const zombie = identityOf(Number(line));
  t.is(lifeOf(zombie), 'alive');
  process.kill(zombie.pid, 'SIGKILL');
  while (!/^State:\s+Z/m.test(readFileSync(`/proc/${zombie.pid}/status`, 'utf8'))) {
    await setTimeout(5);
  }
  t.notThrows(() => process.kill(zombie.pid, 0), 'to `kill` it is there');
  t.is(lifeOf(zombie), 'dead');
});

withProc('a number that was given to another process is no sign of life', (t) => {
  const self = thisProcess();
  t.is(lifeOf({ ...self, startTime: String(Number(self.startTime) - 1) }), 'dead');
});

withProc('nothing is known of another host, boot, or namespace, or without a start time', (t) => {
  const self = thisProcess();
  const gone = { ...self, pid: 2 ** 30 };
  t.is(lifeOf(gone), 'dead');
  t.is(lifeOf({ ...gone, host: 'elsewhere.invalid' }), 'unknown');
  t.is(lifeOf({ ...gone, boot: 'another' }), 'unknown');
  t.is(lifeOf({ ...gone, boot: null }), 'unknown');
  t.is(lifeOf({ ...gone, namespace: 'pid:[1]' }), 'unknown');
  t.is(lifeOf({ ...gone, namespace: null }), 'unknown');
  t.is(lifeOf({ ...gone, startTime: null }), 'unknown');
  // The same of ourselves: a system without /proc.
  t.is(lifeOf(gone, { ...self, namespace: null }), 'unknown');
});

const UNSHARE = ['--pid', '--fork'];
const canUnshare = spawnSync('unshare', [...UNSHARE, 'true']).status === 0;
const containers: [how: string, options: string[]][] = [
  ['with a /proc of its own', ['--mount-proc']],
  ['that sees the /proc of its host', []],
];
for (const [how, options] of containers) {
  const title = `a neighbour in another namespace of pids, ${how}, is unknown, not dead`;
  testIf(canUnshare && hasProc, 'unshare --pid is not allowed', title, (t) => {
    const { stdout, stderr } = spawnSync('unshare', [...UNSHARE, ...options, ...NODE], {
      encoding: 'utf8',
    });
    t.not(stdout, '', stderr);
    const neighbour = JSON.parse(stdout) as ProcessIdentity;
    t.true(neighbour.pid < 100, 'numbers begin anew in it');
    t.not(neighbour.namespace, thisProcess().namespace);
    t.is(neighbour.namespace === null, options.length === 0);
    t.is(lifeOf(neighbour), 'unknown');
    t.is(lifeOf(thisProcess(), neighbour), 'unknown', 'nor do we to it');
  });
}
