"""The terminal's face: what an operator sees and presses. It shows what the desk says and does nothing by itself."""
