import { checkIndex, type Dataset, type EncodedImage } from '../dataset.ts';
import { decodeImage, type SourceDecoding } from '../decode.ts';

/** Pictures inside larger files. */
interface Pictures {
  /** The encoded picture. */
  read(index: number): Promise<Uint8Array>;
  describe(index: number): string;
  close(): Promise<void>;
}

interface ArchivePicturesParts {
  /** Of the dataset. */
  readonly name: string;
  readonly size: number;
  readonly decode: SourceDecoding;
  readonly pictures: Pictures;
  /** What to throw where picture `what` cannot be decoded. */
  readonly unreadable: (what: string, error: unknown) => Error;
}

/** How a dataset gives the pictures of its archives. */
export function archivePictures({
  name,
  size,
  decode,
  pictures,
  unreadable,
}: ArchivePicturesParts): Required<Pick<Dataset, 'describe' | 'encoded' | 'image' | 'close'>> {
  const encoded = async (index: number): Promise<EncodedImage> => {
    checkIndex(name, index, size);
    return { bytes: await pictures.read(index), decode };
  };
  return {
    describe: index => {
      checkIndex(name, index, size);
      return pictures.describe(index);
    },
    encoded,
    image: async (index, request) => {
      const { bytes } = await encoded(index);
      return decodeImage(bytes, { ...decode, ...request }).catch((error: unknown) => {
        throw unreadable(pictures.describe(index), error);
      });
    },
    close: () => pictures.close(),
  };
}
