import { Tooltip } from '@mantine/core';
import dayjs from 'dayjs';
import relativeTime from 'dayjs/plugin/relativeTime';

dayjs.extend(relativeTime);

/** A time: local, UTC on hover. `relative` says "4 minutes ago". */
export function When({ at, relative = false }: { readonly at: string | null | undefined; readonly relative?: boolean }) {
  if (at === null || at === undefined) return <>–</>;
  const time = dayjs(at);
  return (
    <Tooltip label={`${time.toISOString().replace('T', ' ').replace('Z', '')} UTC${relative ? `, here ${time.format('YYYY-MM-DD HH:mm:ss')}` : ''}`} events={{ hover: true, focus: true, touch: true }}>
      <time dateTime={time.toISOString()} className="nowrap" tabIndex={0}>{relative ? time.fromNow() : time.format('YYYY-MM-DD HH:mm:ss')}</time>
    </Tooltip>
  );
}
