import { Anchor } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

/** A link to another view. */
export function TextLink({ to, children, mono = false }: { readonly to: string; readonly children: ReactNode; readonly mono?: boolean }) {
  return <Anchor component={Link} to={to} {...(mono ? { className: 'mono' } : {})} onClick={(event: React.MouseEvent) => { event.stopPropagation(); }}>{children}</Anchor>;
}
