// What every client script is told and what it sends, the same for all, so that one test can read it back.
//
//   node SCRIPT '{"endpoint":"http://127.0.0.1:8080","writeKey":"...","run":"r1"}'
//
// The script prints "sent" when it has called its library, and then stays, so that the library can retry, until
// standard input is closed. It fails where the library reports an event as lost.

export const told = JSON.parse(process.argv[2]);

const {run} = told;

export const person = {
  userId: `user-${run}`,
  anonymousId: `anonymous-${run}`,
  previousId: `previous-${run}`,
  groupId: `group-${run}`,
};

export const traits = {email: `${run}@example.org`, firstName: 'Quirin', plan: 'gold'};

export const order = {
  order_id: `order-${run}`,
  revenue: 129.95,
  currency: 'EUR',
  coupon: 'Grüße aus Köln 🎈',
  products: [{sku: 'A-1', name: 'Lantern', price: 64.975, quantity: 2}],
};

export function fail(error) {
  process.stderr.write(`${error?.stack ?? error}\n`, () => process.exit(1));
}

export function stayUntilInputEnds() {
  process.stdout.write('sent\n');
  process.stdin.on('end', () => process.exit(process.exitCode ?? 0));
  process.stdin.resume();
}
