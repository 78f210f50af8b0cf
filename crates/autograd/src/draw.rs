//! Drawings of what a tape holds, for Graphviz and for Mermaid.

use std::fmt::Write;

use crate::{Real, Tape, records::Records};

impl<T: Real> Tape<T> {
    /// The graph in Graphviz's language: each node with op, shape and source line, edges in the direction of the data.
    ///
    /// Leaves are boxes; what wants no gradient is dashed. Draw it with `dot -Tsvg`.
    ///
    /// ```
    /// use gradbook_autograd::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.scalar(1.0);
    /// let y = x * x;
    /// assert!(tape.dot().contains("n0 -> n1"));
    /// # let _ = y;
    /// ```
    pub fn dot(&self) -> String {
        let mut out =
            String::from("digraph tape {\n  rankdir=TB; node [fontname=\"monospace\", fontsize=10];\n");
        self.each_node(|id, label, leaf, wants, arguments| {
            let shape = if leaf { "box" } else { "ellipse" };
            let style = if wants { "solid" } else { "dashed" };
            let label = label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = writeln!(out, "  n{id} [label=\"{label}\", shape={shape}, style={style}];");
            arguments.iter().for_each(|from| _ = writeln!(out, "  n{from} -> n{id};"));
        });
        out + "}\n"
    }

    /// The graph as a Mermaid flowchart, which Markdown renderers draw.
    pub fn mermaid(&self) -> String {
        let mut out = String::from("flowchart TD\n");
        self.each_node(|id, label, leaf, _, arguments| {
            let (open, close) = if leaf { ("[", "]") } else { ("(", ")") };
            let label = label.replace('"', "'").replace('\n', "<br/>");
            let _ = writeln!(out, "  n{id}{open}\"{label}\"{close}");
            arguments.iter().for_each(|from| _ = writeln!(out, "  n{from} --> n{id}"));
        });
        out
    }

    /// Calls `visit(id, label, is leaf, wants a gradient, arguments)` for every node.
    fn each_node(&self, mut visit: impl FnMut(usize, &str, bool, bool, &[u32])) {
        let records = self.records.borrow();
        for (id, node) in records.nodes.iter().enumerate() {
            let arguments = &records.arguments[Records::arguments_of(&records.nodes, id)];
            let label =
                format!("{} {:?}\n{}:{}", node.op, node.value.shape(), node.at.file(), node.at.line());
            visit(id, &label, arguments.is_empty(), node.wants, arguments);
        }
    }
}
