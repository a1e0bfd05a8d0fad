/** Runs an ffmpeg that never ends, to be killed from outside: for safety.test.ts. */
import { runFfmpeg } from '../../../../../tokenizer/codecs/avc/ffmpeg/ffmpeg.ts';

await runFfmpeg({
  ffmpeg: process.argv[2],
  inputOptions: ['-v', 'error'],
  input: 'nothing',
  outputOptions: ['-f', 'h264'],
  timeoutSeconds: 600,
  cpuSeconds: 600,
  memoryMb: 4096,
});
