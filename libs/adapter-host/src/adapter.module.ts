import type { DynamicModule } from '@nestjs/common';
import type { ProviderDefinition } from '@vmdns/provider-kit';

class AdapterModule {}

/** Everything of one adapter, wired. */
export function adapterModule<C, Z>(definition: ProviderDefinition<C, Z>): DynamicModule {
  void definition;
  return { module: AdapterModule };
}
