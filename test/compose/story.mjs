import { dnsAsk, GatewayApi, until } from '@vmdns/local';
import { docker } from './engine.mjs';

const VMS = 90;
const ZONES = ['one.example.test', 'two.example.test', 'three.example.test', 'four.example.test', 'five.example.test'];
const REVERSE = ['51.198.in-addr.arpa', '52.198.in-addr.arpa'];

/** Whole networks move here, which the brake would hold for a person (L13). */
const UNBRAKED = { removalNames: 10_000 };

/** The lives of some VMs in a composed vmdns, with every answer compared to what was said. */
export class Story {
  constructor(composed, url, nameServer) {
    Object.assign(this, { composed, url, nameServer });
    this.vms = Array.from({ length: VMS }, (_, n) => ({ vmId: `vm-${n}`, fqdn: `vm-${n}.${ZONES[n % ZONES.length]}`, ip: `198.51.100.${n + 1}` }));
  }

  async announced(providers) {
    this.api = new GatewayApi(this.url, await this.composed.read('gateway', '/run/vmdns/admin-token'));
    await until(async () => { const { items } = await this.api.call('GET', '/v1/providers'); return providers.every((provider) => items.some(({ name }) => name === provider)); }, { withinMs: 60_000, what: `${providers.join(', ')} to announce themselves` });
  }

  async addZones() {
    const apiKey = await this.composed.read('powerdns', '/run/vmdns/powerdns-api-key');
    // The API of the name server is not published: it is called from within.
    const makeZones = `const [key, ...zones] = require('fs').readFileSync(0, 'utf8').split(' ');
      (async () => { for (const zone of zones) {
        const answer = await fetch('http://powerdns:8081/api/v1/servers/localhost/zones', { method: 'POST', headers: { 'x-api-key': key, 'content-type': 'application/json' }, body: JSON.stringify({ name: zone + '.', kind: 'Native', nameservers: ['ns1.example.net.'] }) });
        if (!answer.ok) throw new Error(zone + ': ' + answer.status + ' ' + await answer.text());
      } })();`;
    await this.composed.exec('gateway', ['node', '-e', makeZones], { input: [apiKey, ...ZONES, ...REVERSE].join(' ') });
    this.connection = await this.api.call('POST', '/v1/connections', { name: 'composed', provider: 'powerdns', settings: { url: 'http://powerdns:8081', apiKey } });
    for (const name of [...ZONES, ...REVERSE]) await this.api.call('POST', '/v1/zones', { name, connectionId: this.connection.id, limits: UNBRAKED });
  }

  async consoleIsThere() {
    const page = await fetch(`${this.url}/`, { headers: { accept: 'text/html' } });
    const text = await page.text();
    if (page.status !== 200 || !text.includes('<script')) throw new Error(`GET /: ${page.status} ${text.slice(0, 200)}`);
  }

  async put(vm) {
    const answer = await until(() => this.api.call('PUT', `/v1/vms/${vm.vmId}`, { fqdn: vm.fqdn, addresses: [{ ip: vm.ip }] }), { withinMs: 20_000, what: `${vm.vmId} to be taken in` });
    vm.revision = answer.revision;
  }

  async live(vm) {
    await until(async () => (await this.api.call('GET', `/v1/vms/${vm.vmId}/dns?revision=${vm.revision}&wait=10s`)).live, { withinMs: 40_000, what: `${vm.vmId} to be live` });
  }

  /** DNS says of every VM what was said of it last. */
  async answers() {
    for (const { fqdn, ip, before, deleted } of this.vms) {
      await this.expect(fqdn, 'A', deleted ? [] : [ip]);
      await this.expect(reverse(ip), 'PTR', deleted ? [] : [`${fqdn}.`]);
      if (before !== undefined) await this.expect(reverse(before), 'PTR', []);
    }
    return `${this.vms.length} VMs`;
  }

  /** What a VM has no more may go a little later than what it has comes: a killed adapter's zones wait for the end of its lease. */
  async expect(name, type, values) {
    let said = '';
    const isSo = async () => { said = (await dnsAsk(this.nameServer, name, type)).values.join(); return said === values.join(); };
    await until(isSo, { withinMs: values.length === 0 ? 60_000 : 5_000, what: `${name} ${type} to be ${values.join() || 'nothing'}` }).catch((error) => { throw new Error(`${error.message}; it is ${said || 'nothing'}`); });
  }

  async create() {
    await Promise.all(this.vms.map((vm) => this.put(vm)));
    await Promise.all(this.vms.map((vm) => this.live(vm)));
    return this.answers();
  }

  async everyAdapterWorked(count) {
    const adapters = await this.composed.running('adapter-powerdns');
    if (adapters.length !== count) throw new Error(`${adapters.length} adapters instead of ${count}`);
    const shares = await Promise.all(adapters.map(async ({ Id }) => {
      const metrics = await docker(['exec', Id, 'node', '-e', "fetch('http://127.0.0.1:8080/metrics').then((answer) => answer.text()).then((text) => process.stdout.write(text))"]);
      return Number(/^vmdns_adapter_turn_seconds_count\S* (\d+)/m.exec(metrics)?.[1] ?? 0);
    }));
    if (shares.some((turns) => turns === 0)) throw new Error(`turns of the adapters: ${shares.join(', ')}`);
    return `turns ${shares.join(', ')}`;
  }

  async readdress() {
    const [victim] = await this.composed.running('adapter-powerdns');
    this.vms.forEach((vm, n) => Object.assign(vm, { before: vm.ip, ip: `198.52.0.${n + 1}` }));
    const kill = (async () => { await this.put(this.vms[0]); await docker(['kill', victim.Id]); })();
    await Promise.all([kill, ...this.vms.slice(1).map((vm) => this.put(vm))]);
    await Promise.all(this.vms.map((vm) => this.live(vm)));
    return this.answers();
  }

  /** A new key, as deploy/docs/operating.md says: what was sealed for the old one is opened by every replica, and so is what is put in now. */
  async rotateKey() {
    const kid = async () => (await this.api.call('GET', '/v1/providers')).items.find(({ name }) => name === 'powerdns').kid;
    const sealedFor = async () => (await this.api.call('GET', '/v1/connections')).items[0].sealedFor.apiKey;
    const old = await kid();
    const said = await this.composed.exec('adapter-powerdns', ['node', 'services/adapter-powerdns/dist/main.js', 'rotate-key']);
    await until(async () => (await kid()) !== old, { withinMs: 60_000, what: 'the new key to be announced' });
    if (!said.includes(await kid())) throw new Error(`rotate-key said ${said}, announced is ${await kid()}`);
    await this.move('198.52.1');
    const apiKey = await this.composed.read('powerdns', '/run/vmdns/powerdns-api-key');
    await this.api.call('PUT', `/v1/connections/${this.connection.id}/secrets`, { apiKey });
    if ((await sealedFor()) !== (await kid())) throw new Error(`sealed for ${await sealedFor()}, the key is ${await kid()}`);
    await this.move('198.52.2');
    return this.answers();
  }

  /** Every VM gets an address of this network. */
  async move(network) {
    this.vms.forEach((vm, n) => Object.assign(vm, { before: vm.ip, ip: `${network}.${n + 1}` }));
    await Promise.all(this.vms.map((vm) => this.put(vm)));
    await Promise.all(this.vms.map((vm) => this.live(vm)));
  }

  async remove() {
    for (const vm of this.vms.filter((_, n) => n % 10 === 0)) {
      await this.api.call('DELETE', `/v1/vms/${vm.vmId}`);
      vm.deleted = true;
    }
    const gone = this.vms.filter(({ deleted }) => deleted);
    for (const vm of gone) await until(async () => (await this.api.call('GET', `/v1/vms/${vm.vmId}/dns?wait=5s`)).state === 'gone', { withinMs: 40_000, what: `${vm.vmId} to be gone` });
    return this.answers();
  }
}

const reverse = (ip) => `${ip.split('.').reverse().join('.')}.in-addr.arpa`;
