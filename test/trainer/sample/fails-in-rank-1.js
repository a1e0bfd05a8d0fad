/** Loaded in front of the program: the disk is full for the first file that rank 1 writes. */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const { writeFile } = fs;
fs.writeFile = (path, ...rest) => {
  if (process.env.OMPI_COMM_WORLD_RANK !== '1') return writeFile(path, ...rest);
  return Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
};
syncBuiltinESMExports();
