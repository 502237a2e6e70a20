// Why a customer is opened, where the way to them says so: a call that came in, an order that somebody asks about. Then
// nobody is asked for the purpose, as far as the role may use it; the server decides in any case.
import type {PurposeInfo} from '../../api/purposes';

export const occasions = ['call', 'order'] as const;
export type Occasion = (typeof occasions)[number];

const purposes = {call: 'CustomerCare', order: 'CustomerOrderManagement'} as const;

// The purpose that comes with an occasion; nothing where the role may not look for it.
export function inherited(occasion: Occasion | undefined, known: PurposeInfo[]): string | undefined {
  const name = occasion && purposes[occasion];
  return known.find(purpose => purpose.name === name && purpose.may_look)?.name;
}

// The numbers of orders by which customers were found. Personal, so they are kept in the page's memory alone: an address
// says at most that there was one.
const orders = new Map<string, string>();

export function rememberOrder(customer: string, order: string) {
  orders.set(customer, order);
}

export function orderOf(customer: string): string | undefined {
  return orders.get(customer);
}
