import { HttpClient, type HttpAnswer } from '@vmdns/provider-kit';
import { envelopeOf } from './hestiacp.envelope.js';
import { brokenListing, failureOfCode, failureOfHttp, type Doing } from './hestiacp.errors.js';
import type { HestiacpConnection } from './hestiacp.settings.js';

/** How long a command may take: HestiaCP's cost grows with the zone (PROVIDERS §0, 4). */
export interface Deadlines { readonly baseMs: number; readonly perRecordMs: number }
export const DEADLINES: Deadlines = { baseMs: 60_000, perRecordMs: 500 };

/** A zone of 100,000 records is 25 MB of JSON. */
const LISTING_MAX_BYTES = 64 * 1024 * 1024;

/** One command: its name, its arguments in order, and what to call it in messages. */
export interface Command {
  readonly name: string;
  readonly args: readonly string[];
  readonly attempt: string;
  /** Records in the zone, for the deadline. */
  readonly records: number;
}

/** How a command ended. */
export interface Ended { readonly code: number; readonly text: string }

/** The panel's one URL, its two ways to sign in and its envelopes; knows nothing of zones. */
export class HestiacpClient {
  readonly where: string;
  readonly http: HttpClient;
  private readonly signIn: Readonly<Record<string, string>>;

  constructor(private readonly connection: HestiacpConnection, private readonly deadlines: Deadlines = DEADLINES) {
    const { accessKey = '', secretKey = '', password = '', adminUser, mode } = connection;
    this.where = new URL(connection.url).origin;
    this.signIn = mode === 'password' ? { user: adminUser, password } : { access_key: accessKey, secret_key: secretKey };
    this.http = new HttpClient({
      baseUrl: connection.url, secrets: [accessKey, secretKey, password].filter((secret) => secret !== ''), deadlineMs: deadlines.baseMs, answerMaxBytes: LISTING_MAX_BYTES,
      // A kept connection that the panel has just closed would leave a change in doubt; a handshake is nothing beside a command.
      keepAlive: false,
      tls: { ...(connection.ca === undefined ? {} : { ca: connection.ca }), ...(connection.fingerprint === undefined ? {} : { fingerprint: connection.fingerprint }) },
    });
  }

  /** So long after it was sent a command can take no effect any more. */
  lifeMs(records: number): number { return this.deadlines.baseMs + this.deadlines.perRecordMs * records; }

  /** What a listing printed: an object in JSON. */
  async list(command: Command, signal: AbortSignal): Promise<string> {
    const attempt = this.at(command);
    const answer = await this.send(command, 'reading', 'output', signal);
    const envelope = envelopeOf(answer, 'output');
    if (envelope.kind === 'http') throw failureOfHttp(attempt, answer, 'reading', this.http.redact);
    if (envelope.kind === 'ended' && envelope.code === 0) {
      if (!envelope.text.startsWith('{')) throw failureOfHttp(attempt, answer, 'reading', this.http.redact);
      return envelope.text;
    }
    if (envelope.text.startsWith('{')) throw brokenListing(attempt, envelope.text, this.http.redact);
    if (envelope.kind === 'ended') throw failureOfCode(attempt, envelope.code, envelope.text, 'reading', this.http.redact);
    // Legacy mode told in words, with HTTP 200: the code is had by asking once more for nothing else.
    const { code } = await this.run(command, 'reading', signal);
    throw code === 0 ? failureOfHttp(attempt, answer, 'reading', this.http.redact) : failureOfCode(attempt, code, envelope.text, 'reading', this.http.redact);
  }

  /** A change; the code is the caller's to judge. Throws where there is none. */
  change(command: Command, signal: AbortSignal): Promise<Ended> {
    return this.run(command, 'writing', signal);
  }

  failure(command: Command, ended: Ended): Error {
    return failureOfCode(this.at(command), ended.code, ended.text, 'writing', this.http.redact);
  }

  /** Text for the panel's own temporary folder. The page does this itself, and has no exit code to tell in legacy mode. */
  async makeTmpFile(content: string, name: string, attempt: string, signal: AbortSignal): Promise<void> {
    const command = { name: 'v-make-tmp-file', args: [content, name], attempt, records: 0 };
    const answer = await this.send(command, 'reading', 'output', signal);
    const envelope = envelopeOf(answer, 'output');
    if (envelope.kind === 'ended' && envelope.code === 0) return;
    if (envelope.kind === 'words' && envelope.text === 'OK') return;
    if (envelope.kind === 'ended') throw failureOfCode(this.at(command), envelope.code, envelope.text, 'reading', this.http.redact);
    throw failureOfHttp(this.at(command), answer, 'reading', this.http.redact);
  }

  close(): Promise<void> {
    return this.http.close();
  }

  /** With a password only the bare code is to be believed; with a key the header tells it, and the words come too. */
  private async run(command: Command, doing: Doing, signal: AbortSignal): Promise<Ended> {
    const asked = this.connection.mode === 'password' ? 'code' : 'output';
    const answer = await this.send(command, doing, asked, signal);
    const envelope = envelopeOf(answer, asked);
    if (envelope.kind === 'ended' && (asked === 'code' || answer.headers['hestia-exit-code'] !== undefined || envelope.code !== 0)) return envelope;
    throw failureOfHttp(this.at(command), answer, doing, this.http.redact);
  }

  private send(command: Command, doing: Doing, asked: 'code' | 'output', signal: AbortSignal): Promise<HttpAnswer> {
    const args = Object.fromEntries(command.args.map((arg, at) => [`arg${at + 1}`, arg]));
    return this.http.send({
      method: 'POST', path: '/api/', attempt: command.attempt, changes: doing === 'writing', deadlineMs: this.lifeMs(command.records),
      body: JSON.stringify({ ...this.signIn, cmd: command.name, ...args, ...(asked === 'code' ? { returncode: 'yes' } : {}) }),
    }, signal);
  }

  private at(command: Command): string { return `${command.attempt} at ${this.where}`; }
}
