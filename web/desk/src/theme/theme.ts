import {createTheme, Drawer, Input, Modal, type MantineColorsTuple} from '@mantine/core';

// The values stand in tokens.css: the policy of the page allows no style that a script writes into it.
const brand = Array.from({length: 10}, (_, shade) => `var(--mantine-color-brand-${shade})`) as unknown as MantineColorsTuple;

export const theme = createTheme({
  primaryColor: 'brand',
  colors: {brand},
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // Its way to lock scrolling is a style element; tokens.css does it by a class (see parts/dialog.tsx).
    Modal: Modal.extend({classNames: {title: 'dialog-title'}, defaultProps: {lockScroll: false, radius: 'md', overlayProps: {backgroundOpacity: 0.4}}}),
    Drawer: Drawer.extend({defaultProps: {lockScroll: false, overlayProps: {backgroundOpacity: 0.4}}}),
    Input: Input.extend({defaultProps: {size: 'sm'}}),
  },
});
