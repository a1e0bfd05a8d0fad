/** `trainer evaluate frames`: clips as folders of pictures, for tools of the Fréchet video distance. */
import { z } from 'zod';
import { command } from '../../command.ts';

export const evaluateFrames = command({
  name: 'evaluate frames',
  summary:
    'Write the frames of clips as folders of PNG files, for tools of the Fréchet video distance',
  positionals: [
    { name: 'clip', description: 'Videos, or folders of videos such as samples', variadic: true },
  ],
  options: z.object({
    to: z
      .string()
      .describe('Folder for a folder of frames for each clip')
      .meta({ valueName: 'dir' }),
    json: z.boolean().default(false).describe('One JSON value a clip'),
  }),
  examples: [
    'trainer evaluate frames samples --to frames/generated',
    'trainer evaluate frames originals/00000000.mp4 --to frames/real --json',
  ],
  notes: 'docs/evaluation.md says which tools read such folders.',
  async run(clips, { to, json }, io) {
    const { writeFrames } = await import('../../../evaluation/clips/frames.ts');
    const written = await writeFrames(clips, {
      to,
      signal: io.signal,
      onEvent({ path, frames, done, total }) {
        if (json) io.printJson({ folder: path, frames });
        else io.progress.update(`${done}/${total} clips`);
      },
    });
    io.progress.done();
    io.log(`${written} clips written to ${to}`);
    return 0;
  },
});
