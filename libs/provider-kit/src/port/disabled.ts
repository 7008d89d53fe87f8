const MARK = ' (disabled)';

/**
 * The type of an RRset's records that somebody switched off at the provider: never served, and never ours by itself. A
 * port gives them as an RRset of this type beside what is served.
 */
export const disabledType = (type: string): string => `${type}${MARK}`;

/** The type whose records are switched off; undefined where the RRset is served. */
export const disabledOf = (type: string): string | undefined => (type.endsWith(MARK) ? type.slice(0, -MARK.length) : undefined);
