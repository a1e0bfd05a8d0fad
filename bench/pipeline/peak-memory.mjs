// Loaded into a measured process with --import: writes its peak resident memory, in bytes,
// to $CODEC_LM_PEAK_FILE when it ends.
import { writeFileSync } from 'node:fs';

const file = process.env.CODEC_LM_PEAK_FILE;
process.on('exit', () => writeFileSync(file, String(process.resourceUsage().maxRSS * 1024)));
