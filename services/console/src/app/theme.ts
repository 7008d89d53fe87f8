import { createTheme, type CSSVariablesResolver, type MantineColor } from '@mantine/core';

/** Colours that say the same in every view, in light and dark. */
export const theme = createTheme({
  primaryColor: 'blue', primaryShade: 8, autoContrast: true, luminanceThreshold: 0.35, defaultRadius: 'sm', cursorType: 'pointer', respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
});

/** The library's pale texts are too pale for some eyes (WCAG 1.4.3): darker in light, lighter in dark. */
export const legible: CSSVariablesResolver = ({ colors }) => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)', '--mantine-color-placeholder': 'var(--mantine-color-gray-7)', '--mantine-color-anchor': 'var(--mantine-color-blue-8)', '--mantine-color-error': 'var(--mantine-color-red-9)',
    ...texts(Object.keys(colors), 9),
  },
  dark: { '--mantine-color-dimmed': 'var(--mantine-color-dark-1)', '--mantine-color-placeholder': 'var(--mantine-color-dark-1)', '--mantine-color-error': 'var(--mantine-color-red-4)', ...texts(Object.keys(colors), 3) },
});

const DARKER: Readonly<Record<string, string>> = { yellow: '#8a5300', orange: '#b33a00', teal: '#066649', cyan: '#0b5a6b' };
function texts(colors: readonly string[], shade: number): Record<string, string> {
  return Object.fromEntries(colors.flatMap((color) => {
    const value = (shade > 5 ? DARKER[color] : undefined) ?? `var(--mantine-color-${color}-${String(shade)})`;
    return [[`--mantine-color-${color}-light-color`, value], [`--mantine-color-${color}-text`, value]];
  }));
}

const STATES: Readonly<Record<string, MantineColor>> = {
  live: 'teal', well: 'teal', silent: 'red', paused: 'yellow', broken: 'red', applied: 'teal', approved: 'teal', active: 'teal',
  pending: 'blue', planning: 'blue', deleting: 'blue', leaving: 'blue',
  unconfirmed: 'yellow', waiting: 'yellow', 'on-hold': 'violet', open: 'violet', observed: 'cyan',
  attention: 'orange', failed: 'red', refused: 'red', rejected: 'gray', outside: 'gray', gone: 'gray', removed: 'gray', dead: 'red', behind: 'yellow', ignored: 'gray', noticed: 'cyan',
};

/** The colour of a state of a VM, a name, a hold or a zone. */
export const colorOf = (state: string): MantineColor => STATES[state] ?? 'gray';
