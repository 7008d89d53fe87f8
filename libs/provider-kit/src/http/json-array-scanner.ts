const QUOTE = 0x22, BACKSLASH = 0x5c, OPEN_BRACE = 0x7b, CLOSE_BRACE = 0x7d, OPEN_BRACKET = 0x5b, CLOSE_BRACKET = 0x5d;

/**
 * Reads one long array of objects out of a JSON document as the bytes come in, so that a zone of 40 MB neither stops
 * the process for half a second nor is held twice (PERFORMANCE §0). The array is a member of the outermost object.
 */
export class JsonArrayScanner {
  private depth = 0;
  private inText = false;
  private escaped = false;
  private inArray = false;
  private keyText = '';
  private rest: Buffer = Buffer.alloc(0);
  private readonly around: Buffer[] = [];
  private seen = false;

  /** `take` is given the elements of each piece; what it throws goes to whoever feeds. */
  constructor(private readonly key: string, private readonly take: (elements: readonly unknown[]) => void) {}

  feed(piece: Buffer): void {
    const bytes = this.rest.length === 0 ? piece : Buffer.concat([this.rest, piece]);
    // Elements are handed over from `from` to `complete`; what is behind is kept for the next piece.
    let from = 0;
    let complete = 0;
    for (let at = this.rest.length; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (this.inText) {
        this.text(byte);
        continue;
      }
      if (byte === QUOTE) { this.inText = true; this.keyText = ''; continue; }
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        this.depth += 1;
        if (byte === OPEN_BRACKET && this.depth === 2 && this.keyText === this.key && !this.seen) {
          this.seen = true;
          this.inArray = true;
          this.around.push(bytes.subarray(from, at + 1));
          from = complete = at + 1;
        }
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (this.inArray && this.depth === 3) complete = at + 1;
        if (this.inArray && this.depth === 2) {
          this.hand(bytes.subarray(from, complete));
          this.inArray = false;
          from = complete = at;
        }
        this.depth -= 1;
      }
    }
    if (this.inArray) {
      this.hand(bytes.subarray(from, complete));
      this.rest = Buffer.from(bytes.subarray(complete));
    } else {
      this.around.push(Buffer.from(bytes.subarray(from)));
      this.rest = Buffer.alloc(0);
    }
  }

  /** The document without the array's elements; throws where the document is cut short or the array is missing. */
  end(): unknown {
    if (!this.seen || this.depth !== 0 || this.inText) throw new SyntaxError(`JSON ends early or has no "${this.key}"`);
    return JSON.parse(Buffer.concat(this.around).toString('utf8'));
  }

  private text(byte: number | undefined): void {
    if (this.escaped) this.escaped = false;
    else if (byte === BACKSLASH) this.escaped = true;
    else if (byte === QUOTE) { this.inText = false; return; }
    // Only the outermost object's member names matter; a name that long is not ours.
    if (this.depth === 1 && this.keyText.length < 64 && byte !== undefined) this.keyText += String.fromCharCode(byte);
  }

  private hand(bytes: Buffer): void {
    const text = bytes.toString('utf8').replace(/^[\s,]+/, '');
    if (text.length > 0) this.take(JSON.parse(`[${text}]`) as unknown[]);
  }
}
