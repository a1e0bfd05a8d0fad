// Loaded into a run with --import: every sync of a file takes SLOW_DISK_MS longer, as on a disk
// with much to do. Its peak resident memory, in bytes, is in SLOW_DISK_PEAK when it has ended.
import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const handle = await open(process.execPath);
const prototype = Object.getPrototypeOf(handle);
await handle.close();
const { sync } = prototype;
prototype.sync = async function () {
  await sleep(Number(process.env.SLOW_DISK_MS));
  return sync.call(this);
};

process.on('exit', () => {
  writeFileSync(process.env.SLOW_DISK_PEAK, String(process.resourceUsage().maxRSS * 1024));
});
