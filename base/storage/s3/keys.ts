/** The form of credentials, wherever they come from. */

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;
