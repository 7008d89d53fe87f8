import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Trouble } from './trouble';

interface ConfirmProps {
  readonly title: string;
  /** What would happen, and whether it can be undone. */
  readonly children: ReactNode;
  readonly word: string;
  readonly isDanger?: boolean;
  readonly isDisabled?: boolean;
  readonly isRunning: boolean;
  readonly error: Error | null;
  readonly confirm: () => void;
  readonly close: () => void;
}

/** Asks before something is done; what refused it is said here, where it can be mended. */
export function Confirm({ title, children, word, isDanger = false, isDisabled = false, isRunning, error, confirm, close }: ConfirmProps) {
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={(event) => { event.preventDefault(); confirm(); }}>
        <Stack>
          {typeof children === 'string' ? <Text size="sm">{children}</Text> : children}
          {error !== null && <Trouble error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>Cancel</Button>
            <Button type="submit" loading={isRunning} disabled={isDisabled} {...(isDanger ? { color: 'red' } : {})}>{word}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
