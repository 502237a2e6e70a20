// The banner's look. One rule for all buttons: a yes can't be made to shine.
export const style = `
:host{all:initial}
@media print{:host{display:none}}
dialog,dialog *{box-sizing:border-box}
dialog{display:none;position:fixed;z-index:2147483647;inset:auto 0 0;margin:0 auto;padding:0;border:0;
width:100%;max-width:64rem;max-height:min(85vh,46rem);flex-direction:column;overflow:hidden;
font:400 1rem/1.5 var(--handschlag-font,system-ui,sans-serif);text-align:start;
color:#17201b;color:light-dark(#17201b,#eaf0ec);background:#fff;background:light-dark(#fff,#1a211d);
border-radius:1rem 1rem 0 0;box-shadow:0 0 0 1px #0002,0 -.5rem 2.5rem #0003}
dialog[open]{display:flex}
dialog::backdrop{background:#0008}
.body{overflow:auto;padding:1.5rem 1.5rem .5rem;overscroll-behavior:contain}
.title{margin:0;font-size:1.375rem;line-height:1.3;font-weight:650;letter-spacing:-.01em}
p{margin:.25rem 0 0}
ul{list-style:none;margin:1.25rem 0 .75rem;padding:0;display:grid;gap:1.25rem 2rem;
grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr))}
li{padding-top:1rem;border-top:1px solid #d3dad6;border-top-color:light-dark(#d3dad6,#3d4741)}
b{font-weight:600}
label{display:flex;gap:.75rem;align-items:start;cursor:pointer;padding:.25rem 0}
input{flex:none;width:1.5rem;height:1.5rem;margin:0;accent-color:#17201b;accent-color:light-dark(#17201b,#eaf0ec)}
input:disabled{cursor:not-allowed}
dl{margin:.5rem 0 0;font-size:.875rem}
dt{margin-top:.5rem}
dt,.note,summary,.quiet{color:#54605a;color:light-dark(#54605a,#abb7b0)}
dd{margin:0}
.note,.quiet{font-size:.875rem}
details{margin-top:.75rem;font-size:.875rem}
summary{cursor:pointer;padding:.25rem 0;text-decoration:underline;text-underline-offset:.2em}
.text{white-space:pre-line;overflow-wrap:anywhere}
q{quotes:none;display:block;margin-top:.5rem;padding-inline-start:.75rem;border-inline-start:3px solid #9aa6a0;font-weight:500}
.buttons{display:grid;grid-template-columns:repeat(3,1fr);gap:.75rem;padding:1rem 1.5rem 1.5rem}
button{font:inherit;font-weight:600;color:inherit;background:none;cursor:pointer}
.buttons button{min-height:3rem;padding:.5rem 1rem;border:1.5px solid currentColor;border-radius:.625rem}
.buttons button:hover{background:#17201b12;background:light-dark(#17201b12,#eaf0ec1f)}
.close{position:absolute;top:.875rem;inset-inline-end:.875rem;width:2.75rem;height:2.75rem;border:0;border-radius:50%;font-size:1.375rem;line-height:1}
.close+.body .title{padding-inline-end:2.5rem}
:focus-visible{outline:3px solid #2f7dd1;outline:3px solid light-dark(#1f6fc4,#7db8f5);outline-offset:2px}
@media(min-width:48rem){dialog{bottom:1rem;width:calc(100% - 2rem);border-radius:1rem}dialog:modal{inset:0;margin:auto;max-width:44rem}}
@media(max-width:30rem){.buttons{grid-template-columns:1fr 1fr}.buttons :last-child{grid-column:span 2}.body{padding:1.25rem 1.25rem .25rem}.buttons{padding:.75rem 1.25rem 1.25rem}}
@media(max-height:30rem){dialog[open]{display:block;overflow:auto;max-height:100vh}.body{overflow:visible}}
@media(prefers-reduced-motion:no-preference){dialog{animation:rise .25s ease-out}}
@keyframes rise{from{transform:translateY(1.5rem)}}
`;
