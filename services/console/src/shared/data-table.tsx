import { Box, Table, Text } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, type ReactNode } from 'react';
import { useNavigate } from 'react-router';

export interface Column<T> { readonly head: string; readonly width?: string; readonly cell: (row: T) => ReactNode }

interface DataTableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** Where a row leads; the first column carries the link for the keyboard. */
  readonly linkOf?: (row: T) => string;
  readonly onRow?: (row: T) => void;
  readonly more?: (() => void) | undefined;
  readonly hasMore?: boolean;
  readonly height?: string;
}

const ROW_PX = 44;
/** On a narrow screen a table is scrolled sideways, not squeezed until no word fits. */
const COLUMN_MIN_PX = 180;

/** A list of any length: only the rows in sight are in the page, and the next page is read when one comes near the end. */
export function DataTable<T>({ label, columns, rows, keyOf, linkOf, onRow, more, hasMore = false, height = 'calc(100vh - 260px)' }: DataTableProps<T>) {
  const frame = useRef<HTMLDivElement>(null);
  const go = useNavigate();
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => frame.current, estimateSize: () => ROW_PX, overscan: 12, getItemKey: (index) => { const row = rows[index]; return row === undefined ? index : keyOf(row); } });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => { if (hasMore && last >= rows.length - 20) more?.(); }, [hasMore, last, rows.length, more]);
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const open = (row: T) => { if (linkOf !== undefined) void go(linkOf(row)); else onRow?.(row); };
  return (
    <Box ref={frame} mah={height} style={{ overflow: 'auto' }} tabIndex={0} role="region" aria-label={label}>
      <Table stickyHeader highlightOnHover miw={columns.reduce((sum, { width }) => sum + (width === undefined ? COLUMN_MIN_PX : Number.parseInt(width, 10)), 0)} aria-rowcount={hasMore ? -1 : rows.length + 1}>
        <Table.Thead><Table.Tr>{columns.map((column) => <Table.Th key={column.head} {...(column.width === undefined ? {} : { w: column.width })}>{column.head}</Table.Th>)}</Table.Tr></Table.Thead>
        <Table.Tbody>
          {before > 0 && <tr aria-hidden><td colSpan={columns.length} style={{ height: before, padding: 0 }} /></tr>}
          {items.map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return (
              <Table.Tr key={item.key} data-index={item.index} ref={virtual.measureElement} aria-rowindex={item.index + 2} {...(linkOf === undefined && onRow === undefined ? {} : { 'data-linked': true, onClick: () => { open(row); } })}>
                {columns.map((column) => <Table.Td key={column.head}>{column.cell(row)}</Table.Td>)}
              </Table.Tr>
            );
          })}
          {after > 0 && <tr aria-hidden><td colSpan={columns.length} style={{ height: after, padding: 0 }} /></tr>}
        </Table.Tbody>
      </Table>
      {hasMore && <Text size="sm" c="dimmed" p="xs" role="status">Reading more …</Text>}
    </Box>
  );
}
