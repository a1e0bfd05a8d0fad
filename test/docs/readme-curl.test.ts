/** README's request by curl, as it stands but for the port. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { start } from '../helpers/server.ts';
import { testWith } from '../helpers/tools.ts';

testWith('curl', "README's request by curl brings a file that opens", async (t) => {
  const { server } = await start(t);
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const [command] = /curl -s http:\/\/127\.0\.0\.1:8000(.|\n)*?(?=\n```)/.exec(readme)!;
  const { stdout } = await execa('sh', [
    '-c',
    command.replace('http://127.0.0.1:8000', server.url),
  ]);
  const [{ file, finish_reason }] = JSON.parse(stdout).choices;
  t.is(finish_reason, 'stop');
  t.true(file.url.startsWith('data:image/jpeg;base64,/9j/'));
});
