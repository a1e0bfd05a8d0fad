/** How an image file becomes pixels of a size, or why it is refused: options of every codec of images. */
import { z } from 'zod';
import { extensionsOf } from '../define.ts';

/** A colour such as `black`, `#fff` or `#a0b1c2`. */
const colour = z
  .string()
  .regex(/^(#([0-9a-f]{3}|[0-9a-f]{6})|[a-z]+)$/i, 'a colour name, #rgb or #rrggbb');

export const imageInputOptions = {
  orientation: z
    .enum(['apply', 'ignore'])
    .default('apply')
    .describe('Turn the image as its EXIF orientation says, or leave it as stored'),
  icc: z
    .enum(['ignore', 'srgb'])
    .default('ignore')
    .describe("Leave colours as stored, as Pillow's convert('RGB') does, or convert them to sRGB"),
  background: colour
    .optional()
    .describe('Colour to lay under transparent images; without it transparency is dropped')
    .meta({ valueName: 'colour' }),
  enlarge: z
    .enum(['pillow', 'refuse'])
    .default('pillow')
    .describe('Images smaller than the target: enlarge them as Pillow does, or refuse them')
    .meta({ valueName: 'how' }),
  failOn: z
    .enum(['truncated', 'warning'])
    .default('warning')
    .describe('Refuse images that end too early, or also those whose decoder warns of damage'),
  svg: z
    .enum(['refuse', 'render'])
    .default('refuse')
    .describe(
      'Drawings: a small SVG can keep its renderer busy for hours, and nothing can stop it',
    ),
  maxPixels: z
    .int()
    .min(1)
    .default(89_478_485)
    .describe(
      'Largest width x height of a source, summed over all frames that are decoded; the default is that of Pillow',
    )
    .meta({ valueName: 'n' }),
  timeoutSeconds: z
    .int()
    .min(0)
    .max(3600)
    .default(30)
    .describe('Longest time one image may take; 0 for no limit')
    .meta({ valueName: 's' }),
};

/** Schema of these alone. */
export const imageInputSchema = z.strictObject(imageInputOptions);

/** How a file becomes pixels, whatever is made of them. */
export interface ImageSettings extends z.output<typeof imageInputSchema> {
  /** Size of the result in pixels. */
  readonly width: number;
  readonly height: number;
  /** Quality of the baseline JPEG that is made of the pixels; without it they stay as they are. */
  readonly quality?: number;
}

/** Names that sharp's libvips reads; whether a file is what it is named shows when it is read. */
export const imageExtensions = extensionsOf(
  'jpg jpeg jpe jfif png webp gif tif tiff avif heic heif jp2 jxl bmp ppm pgm pnm svg',
);
