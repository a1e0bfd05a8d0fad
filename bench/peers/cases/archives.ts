/** The rows about archives: cut ones, links, sparse members, folders of v7, compression. */
import { join } from 'node:path';
import { readManifest } from '../../../shards/dataset/manifest.ts';
import { type Case, command, expect, temporary } from './case.ts';

const SMALL = '--size 32 --seq-len 256 --merges 4 --quiet'.split(' ');

async function run(source: string) {
  const out = join(temporary(), 'ds');
  return { out, ...(await command('pipeline', 'run', 'images', source, '--out', out, ...SMALL)) };
}

/** A row of an archive from which so many documents come, and nothing is told. */
function whole(name: string, documents: number): Case {
  return {
    name: `tars/${name}`,
    async check(folder) {
      const { out, status, stderr } = await run(join(folder, 'tars', name));
      expect(status === 0, `exit ${status}: ${stderr}`);
      const { totals } = await readManifest(out);
      expect(totals.documents === documents, `${totals.documents} documents of ${documents}`);
    },
  };
}

export const ARCHIVES: readonly Case[] = [
  {
    name: 'cut_archive/ (one tar of two is cut off)',
    async check(folder) {
      const { out, status, stderr } = await run(join(folder, 'cut_archive'));
      expect(status === 3, `exit ${status}`);
      expect(/inputs are missing: 1 place/.test(stderr), `--quiet said: ${stderr}`);
      expect((await readManifest(out)).totals.unread === 1, 'no count in dataset.json');
      const table = await command('pipeline', 'status', out);
      expect(/^not read +1/m.test(table.stdout), table.stdout);
      const verify = await command('shards', 'verify', out);
      expect(/inputs are missing/.test(verify.stderr), verify.stderr);
    },
  },
  whole('hardlinks.tar', 3),
  whole('sparse_gnu.tar', 2),
  whole('sparse_pax.tar', 2),
  whole('v7dirs.tar', 1),
  {
    name: 'tars/shard.tar.gz',
    async check(folder) {
      const { stderr } = await run(join(folder, 'tars/shard.tar.gz'));
      expect(/compressed with gzip, which is not supported: unpack it first/.test(stderr), stderr);
    },
  },
];
