import { checkedUrl } from './checked-url.js';

const HOSTS = ['127.0.0.1', 'DB.internal', 'other:6432', '[::1]'];

it.each([
  'postgres://cart:a%2Fb@127.0.0.1:5433/cart',
  'postgresql://cart:x@db.INTERNAL/cart?sslmode=verify-full',
  'postgres://cart:x@other:6432/cart',
  'postgres://cart@[::1]:1/cart',
])('takes %s', (url) => {
  expect(checkedUrl(url, HOSTS)).toEqual({ url });
});

it.each([
  ['postgres://cart:x@169.254.169.254/cart', 'has the host 169.254.169.254'],
  ['postgres://cart:x@other:5432/cart', 'has the host other'],
  ['postgres://cart:x@127.0.0.1.evil.test/cart', 'has the host'],
  ['postgres://cart:x@127.0.0.1@evil.test/cart', 'has the host evil.test'],
  ['postgres://cart:x@127.0.0.1/cart?host=evil.test', 'has a parameter'],
  ['postgres://cart:x@127.0.0.1/cart?sslmode=require&sslkey=/etc/passwd', 'has a parameter'],
  ['postgres://cart:x@127.0.0.1/cart?sslmode=disable', 'has a sslmode'],
  ['postgres://cart:x@127.0.0.1,evil.test/cart', 'is no URL'],
  ['postgres://cart:x@%2Fvar%2Frun/cart', 'is no URL'],
  ['postgres:///cart?host=/tmp', 'is no URL'],
  ['postgres://cart:x@127.0.0.1/', 'is no URL'],
  ['postgres://cart:x@127.0.0.1/a/b', 'is no URL'],
  ['postgres://127.0.0.1/cart', 'is no URL'],
  ['postgres://cart:x@127.0.0.1/cart#x', 'is no URL'],
  ['http://cart:x@127.0.0.1/cart', 'is no URL'],
  ['/tmp cart', 'is no URL'],
])('refuses %s, without its password', (url, why) => {
  const checked = checkedUrl(url, HOSTS);
  expect(checked).toEqual({ refused: expect.stringContaining(why) });
  expect(JSON.stringify(checked)).not.toContain(':x@');
});
