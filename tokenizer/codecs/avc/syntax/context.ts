/**
 * Earlier values that later syntax depends on: parameter sets, the picture, the pictures before it.
 */

/** A sequence parameter set (7.3.2.1.1), as far as later syntax depends on it. */
export interface SequenceParameters {
  readonly levelIdc: number;
  readonly id: number;
  /** Bits of frame_num: 4..16. */
  readonly frameNumBits: number;
  /** pic_order_cnt_type: 0 or 2. */
  readonly orderType: number;
  /** Bits of pic_order_cnt_lsb for type 0: 4..16. */
  readonly orderBits: number;
  readonly maxReferences: number;
  readonly macroblocksWide: number;
  readonly macroblocksHigh: number;
  /** Cropping, in units of 2 pixels: left and right, top and bottom together. */
  readonly cropWide: number;
  readonly cropHigh: number;
}

/** A picture parameter set (7.3.2.2). */
export interface PictureParameters {
  readonly id: number;
  readonly bottomOrder: boolean;
  /** num_ref_idx_l0_default_active_minus1 + 1. */
  readonly references: number;
  readonly initialQp: number;
  readonly deblockingControl: boolean;
  readonly redundantCount: boolean;
}

/** Values that the slices of one picture have in common (7.4.3). */
export interface CodedPicture {
  /** The NAL unit's header byte. */
  readonly header: number;
  readonly frameNum: number;
  readonly idrPicId: number;
  readonly order: number;
  /** memory_management_control_operation and its operands, in order. Empty: sliding window. */
  readonly marking: readonly number[];
  /** Whether the marking is adaptive. */
  readonly isAdaptive: boolean;
}

/** Values of earlier pictures that a picture's header depends on. */
export interface History {
  /** frame_num of the reference frames, the newest first (8.2.5). */
  readonly references: readonly number[];
  /** frame_num of the newest reference frame. */
  readonly frameNum: number;
  /** idr_pic_id of the previous picture if that is an IDR picture, else -1. */
  readonly idrPicId: number;
  /**
   * pic_order_cnt_lsb of the newest reference frame, and the distance from it to the previous
   * picture.
   */
  readonly order: number;
  readonly orderAhead: number;
  readonly wasReference: boolean;
}

export const NO_HISTORY: History = {
  references: [],
  frameNum: 0,
  idrPicId: -1,
  order: 0,
  orderAhead: 0,
  wasReference: true,
};
