import { notifications } from '@mantine/notifications';

/** Tells that something was done. */
export const sayDone = (message: string) => notifications.show({ message, color: 'teal' });
/** Tells that something was not done, and why. */
export const sayFailed = (error: Error) => notifications.show({ title: 'Not done', message: error.message, color: 'red', autoClose: 12_000 });
