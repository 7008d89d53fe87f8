/** The part of a logger that the bus needs; chassis' `Log` is one. */
export interface BusLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const nothing = (): void => undefined;
export const silentLog: BusLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };
