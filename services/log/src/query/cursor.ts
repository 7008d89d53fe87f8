/** Where a page ended: older entries come next. The last of all ids stands for "everything before this instant". */
export interface Cursor {
  readonly at: Date;
  readonly id: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function formatCursor(cursor: Cursor): string {
  return Buffer.from(`${cursor.at.toISOString()} ${cursor.id}`).toString('base64url');
}

/** Undefined where this is no cursor of ours. */
export function findCursor(text: string): Cursor | undefined {
  const [instant = '', id = ''] = Buffer.from(text, 'base64url').toString('utf8').split(' ');
  const at = new Date(instant);
  return Number.isNaN(at.getTime()) || !UUID.test(id) ? undefined : { at, id };
}
