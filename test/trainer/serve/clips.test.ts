/** A server of clips: the document of a choice as a file that players open. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAvcCodec } from '../../../tokenizer/codecs/avc/encode.ts';
import { readMp4Track } from '../../../tokenizer/codecs/avc/mp4.ts';
import { avcSettingsSchema } from '../../../tokenizer/codecs/avc/settings.ts';
import { fromMp4 } from '../../../tokenizer/codecs/avc/view.ts';
import { TOKENIZER } from '../../helpers/checkpoint.ts';
import { post, start } from '../../helpers/server.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { testWith } from '../../helpers/tools.ts';
import { makeClips } from '../../helpers/videos.ts';

const settings = avcSettingsSchema.parse({ width: 32, height: 32, profile: 'reproducible' });

testWith('ffmpeg', 'response_format: a clip comes as MP4, a part of one does not', async (t) => {
  const [clip] = await makeClips(join(await temporaryFolder(t), 'clips'), 1, '32x32');
  const codec = await createAvcCodec(settings);
  const document = (await codec.encode(await readFile(clip), clip)).symbols as Uint8Array;
  const { server } = await start(t, {}, { codec: { name: 'avc', settings }, seqLen: 20_000 });
  const whole = [TOKENIZER.bosId, ...TOKENIZER.encode(document)];
  // All but <eos>: the grammar allows nothing else.
  const ask = async (prompt: number[], max_tokens: number) => {
    const request = { prompt, max_tokens, response_format: { type: 'video' } };
    const answer = (await (await post(server, request)).json()) as {
      choices: { file: { mime: string; url: string } | null; file_error?: string }[];
    };
    return answer.choices[0];
  };
  const { file } = await ask(whole, 1);
  t.is(file!.mime, 'video/mp4');
  const bytes = Buffer.from(file!.url.replace('data:video/mp4;base64,', ''), 'base64');
  t.deepEqual(readMp4Track(bytes), { samples: 15, seconds: 5 });
  t.deepEqual(Buffer.from(await fromMp4(bytes)), Buffer.from(document));
  const part = await ask(whole.slice(0, 500), 3);
  t.is(part.file, null);
  t.regex(part.file_error!, /not complete/);
});
