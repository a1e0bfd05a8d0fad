// Loaded into a worker with --import: the process is killed, as by a machine without memory, when it
// opens the file whose name is in DEADLY_INPUT.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { open } = fs;
fs.open = (path, ...rest) => {
  if (String(path).endsWith(process.env.DEADLY_INPUT)) process.kill(process.pid, 'SIGKILL');
  return open(path, ...rest);
};
syncBuiltinESMExports();
