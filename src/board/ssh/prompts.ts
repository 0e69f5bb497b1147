/**
 * The person, as the SSH connector sees them. Every question and every secret goes through this interface: the extension
 * answers it with VS Code's dialogs and secret storage, tests answer it with prepared values. Secrets are never written to
 * a file, an environment variable, a command line or a log.
 */

/** A host seen for the first time (or with a key type not seen before). */
export interface HostKeyQuestion {
  /** As it is written in known_hosts: `host`, `[host]:port` or the HostKeyAlias. */
  readonly host: string;
  /** Key type, `ssh-ed25519`. */
  readonly algorithm: string;
  /** `SHA256:...` as OpenSSH prints it. */
  readonly fingerprint: string;
  /** Key types under which this host is known already; not empty = a reason for caution. */
  readonly knownTypes: readonly string[];
}

/** A host whose key differs from the one on file. */
export interface ChangedHostKeyQuestion {
  readonly host: string;
  readonly algorithm: string;
  readonly oldFingerprint: string;
  readonly newFingerprint: string;
  /** The known_hosts file and line (from 1) that hold the old key. */
  readonly file: string;
  readonly line: number;
}

/** What identifies a secret. Equal requests (without `retry`) are about the same secret. */
export interface SecretRequest {
  readonly kind: 'password' | 'passphrase' | 'keyboard-interactive' | 'sudo';
  /** `host` or `[host]:port`, after the configuration was applied. */
  readonly host: string;
  readonly user?: string;
  /** The key file, for `passphrase`. */
  readonly path?: string;
  /** What the server asks, for `keyboard-interactive`. Server's text: show it as text only. */
  readonly prompt?: string;
  /** Whether the answer may be shown while it is typed; left out = no. */
  readonly echo?: boolean;
  /** The last answer to this request was wrong: a stored one is worthless, ask anew. */
  readonly retry: boolean;
}

export interface SshPrompts {
  /** True = connect and remember the key. */
  confirmHostKey(question: HostKeyQuestion, signal: AbortSignal): Promise<boolean>;
  /** True = the person typed the host's name: forget the old key, remember the new one. */
  replaceHostKey(question: ChangedHostKeyQuestion, signal: AbortSignal): Promise<boolean>;
  /** A stored secret, or the person's answer; `undefined` = the person declined. Aborted when the connection is gone. */
  secret(request: SecretRequest, signal: AbortSignal): Promise<string | undefined>;
  /** The secret worked: store it if the person wants that. Never called for one-time answers (`echo`). */
  rememberSecret(request: SecretRequest, value: string): Promise<void>;
  /** The secret failed: drop it from the store. Called before the next `secret` with `retry`. */
  forgetSecret(request: SecretRequest): Promise<void>;
}
