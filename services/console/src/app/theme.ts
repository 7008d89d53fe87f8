import { createTheme, type MantineColor } from '@mantine/core';

/** Colours that say the same in every view, in light and dark. */
export const theme = createTheme({
  primaryColor: 'blue', autoContrast: true, luminanceThreshold: 0.35, defaultRadius: 'sm', cursorType: 'pointer',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
});

const STATES: Readonly<Record<string, MantineColor>> = {
  live: 'teal', applied: 'teal', approved: 'teal', active: 'teal',
  pending: 'blue', planning: 'blue', deleting: 'blue', leaving: 'blue',
  unconfirmed: 'yellow', waiting: 'yellow', 'on-hold': 'violet', open: 'violet', observed: 'cyan',
  attention: 'orange', failed: 'red', refused: 'red', rejected: 'gray', outside: 'gray', gone: 'gray', removed: 'gray', dead: 'red', behind: 'yellow', ignored: 'gray', noticed: 'cyan',
};

/** The colour of a state of a VM, a name, a hold or a zone. */
export const colorOf = (state: string): MantineColor => STATES[state] ?? 'gray';
