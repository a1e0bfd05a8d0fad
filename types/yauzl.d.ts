/** The parts of yauzl 3.4 that are used; it comes without types. */
declare module 'yauzl' {
  export interface Entry {
    fileName: string;
    compressionMethod: number;
    generalPurposeBitFlag: number;
    compressedSize: number;
    uncompressedSize: number;
  }

  export interface ZipFile {
    entryCount: number;
    readEntry(): void;
    readLocalFileHeader(
      entry: Entry,
      options: { minimal: true },
      callback: (error: Error | null, header: { fileDataStart: number }) => void,
    ): void;
    close(): void;
    on(event: 'entry', listener: (entry: Entry) => void): void;
    on(event: 'end', listener: () => void): void;
    on(event: 'error', listener: (error: Error) => void): void;
  }

  export function openPromise(path: string, options: { autoClose: boolean }): Promise<ZipFile>;
}
