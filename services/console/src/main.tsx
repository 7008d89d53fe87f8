import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './app/console.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router/dom';
import { ApiError } from './api/client';
import { sessionQuery } from './api/session';
import { router } from './app/router';
import { legible, theme } from './app/theme';

/** A session that has ended is seen by whatever asks next: then who one is is asked again, and the way in is shown. */
const onError = (error: Error): void => { if (error instanceof ApiError && error.status === 401) void queries.invalidateQueries({ queryKey: sessionQuery.queryKey }); };
const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }), mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What was refused is refused again; what did not answer may answer. Soon it is said: most views ask again by themselves.
      retryDelay: 500,
      retry: (failures, error) => failures < 1 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <MantineProvider theme={theme} cssVariablesResolver={legible} defaultColorScheme="auto">
          <Notifications position="bottom-right" />
          <RouterProvider router={router} />
        </MantineProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
