/** libjpeg's JPEG_MAX_DIMENSION, in pixels a side; the format itself allows 65,535. */
export const MAX_SIDE = 65_500;
