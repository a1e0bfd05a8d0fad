/** The error codes that the pipeline reports about an input, by kind of input. */
import type { CodecDefinition } from './codec.ts';

export type InputErrorCodes = Pick<CodecDefinition, 'unreadable' | 'tooLarge'>;

export const IMAGE_ERRORS: InputErrorCodes = {
  unreadable: 'IMAGE_UNREADABLE',
  tooLarge: 'IMAGE_TOO_LARGE',
};

export const VIDEO_ERRORS: InputErrorCodes = {
  unreadable: 'VIDEO_UNREADABLE',
  tooLarge: 'VIDEO_TOO_LARGE',
};
