import type { SwAVConfig } from '@ssl/swav';

/**
 * For icons-42 and batches of 192: a narrow head, nearly as many prototypes as images, and assignments sharp enough that nearly every image
 * has one of its own. A queue did not help in a run of a few epochs; nor did small views, on which of a drawing there is little to see.
 */
export const iconSettings: Partial<SwAVConfig> = { hiddenDim: 512, prototypes: 190, epsilon: 0.007, queueSize: 0 };
