/** The process log: JSON lines; secret keys and registered secrets masked. `err` in the fields is written with its causes. */
export class Log {
  debug(_fields: object, _message: string): void { throw new Error('being built'); }
  info(_fields: object, _message: string): void { throw new Error('being built'); }
  warn(_fields: object, _message: string): void { throw new Error('being built'); }
  error(_fields: object, _message: string): void { throw new Error('being built'); }
  /** The same log with these fields on every line. */
  child(_fields: object): Log { throw new Error('being built'); }
}
