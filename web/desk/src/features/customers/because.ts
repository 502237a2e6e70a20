// "because they call", "because of order 1234".
import type {TFunction} from 'i18next';
import type {Occasion} from './occasion';

export function becauseText(t: TFunction, occasion: Occasion, order?: string): string {
  if (occasion === 'call') return t('purpose.becauseCall');
  return order ? t('purpose.becauseOrder', {order}) : t('purpose.becauseAnOrder');
}
