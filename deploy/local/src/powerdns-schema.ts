/**
 * The tables of PowerDNS' generic SQL backends, as of 4.7 (4.9 and 5.0 use the same), in the words that sqlite and
 * PostgreSQL share. Written here because packages put the file in different places.
 */
export function powerdnsTables(backend: 'gsqlite3' | 'gpgsql'): string {
  const id = backend === 'gpgsql' ? 'serial primary key' : 'integer primary key';
  const zone = 'integer not null references domains(id) on delete cascade';
  const [yes, no] = backend === 'gpgsql' ? ['true', 'false'] : ['1', '0'];
  return `
create table domains (id ${id}, name varchar(255) not null, master varchar(128), last_check int, type varchar(8) not null, notified_serial bigint, account varchar(40), options text, catalog text);
create unique index name_index on domains(name);
create index catalog_idx on domains(catalog);
create table records (id ${backend === 'gpgsql' ? 'bigserial primary key' : id}, domain_id int references domains(id) on delete cascade, name varchar(255), type varchar(10), content varchar(65535), ttl int, prio int, disabled bool default ${no}, ordername varchar(255), auth bool default ${yes});
create index rec_name_index on records(name);
create index nametype_index on records(name, type);
create index domain_id on records(domain_id);
create index recordorder on records(domain_id, ordername${backend === 'gpgsql' ? ' text_pattern_ops' : ''});
create table supermasters (ip varchar(64) not null, nameserver varchar(255) not null, account varchar(40) not null, primary key (ip, nameserver));
create table comments (id ${id}, domain_id ${zone}, name varchar(255) not null, type varchar(10) not null, modified_at int not null, account varchar(40), comment varchar(65535) not null);
create index comments_domain_id_idx on comments(domain_id);
create index comments_name_type_idx on comments(name, type);
create index comments_order_idx on comments(domain_id, modified_at);
create table domainmetadata (id ${id}, domain_id ${zone}, kind varchar(32), content text);
create index domainidmetaindex on domainmetadata(domain_id);
create table cryptokeys (id ${id}, domain_id ${zone}, flags int not null, active bool, published bool default ${yes}, content text);
create index domainidindex on cryptokeys(domain_id);
create table tsigkeys (id ${id}, name varchar(255), algorithm varchar(50), secret varchar(255));
create unique index namealgoindex on tsigkeys(name, algorithm);
`;
}
