// Differentiates two functions, from the .proto files alone: no generated code, no library of ours.
//
//     npm install --no-package-lock
//     node client.js localhost:50051
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const protos = fileURLToPath(new URL("../../proto", import.meta.url));
const definition = loader.loadSync("wengert/v1/service.proto", { includeDirs: [protos], longs: Number, enums: String });
const { DifferentiationService } = grpc.loadPackageDefinition(definition).wengert.v1;

// A list in the making: inputs are variables 1, 2, ...; each statement defines the next one.
class ListBuilder {
  list = { inputs: [], primitives: [], arguments: [], constants: [], outputs: [] };

  input(name) {
    return this.list.inputs.push({ name });
  }

  constant(value) {
    return -this.list.constants.push(value); // -1 names the first constant
  }

  apply(primitive, ...args) {
    this.list.arguments.push(...args);
    return this.list.inputs.length + this.list.primitives.push(`PRIMITIVE_${primitive}`);
  }

  output(name, argument) {
    this.list.outputs.push({ name, argument });
  }
}

// f(x1, x2) = x1 x2 + sin x1
function lecture() {
  const f = new ListBuilder();
  const [x1, x2] = [f.input("x1"), f.input("x2")];
  f.output("f", f.apply("ADD", f.apply("MULTIPLY", x1, x2), f.apply("SIN", x1)));
  return f.list;
}

// g(y, mu, sigma) = -1/2 ((y - mu) / sigma)^2 - log sigma
function logDensity() {
  const g = new ListBuilder();
  const [y, mu, sigma] = ["y", "mu", "sigma"].map((name) => g.input(name));
  const square = g.apply("SQUARE", g.apply("DIVIDE", g.apply("SUBTRACT", y, mu), sigma));
  g.output("g", g.apply("SUBTRACT", g.apply("MULTIPLY", g.constant(-0.5), square), g.apply("LOG", sigma)));
  return g.list;
}

const client = new DifferentiationService(process.argv[2] ?? "localhost:50051", grpc.credentials.createInsecure());

function call(method, request) {
  const deadline = new Date(Date.now() + 60_000);
  return new Promise((resolve, reject) => {
    client[method](request, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

const tensor = (values, ...shape) => ({ values, shape });

// Register once, then call by id.
const { info } = await call("Register", { function: { list: lecture() } });
const f = { id: info.id };
const jacobian = await call("Jacobian", { function: f, points: tensor([0, 3], 2) });
console.log("f at (0, 3):", jacobian.values.values, "gradient:", jacobian.dense.values);
console.log("mode:", jacobian.report.mode, "sweeps:", jacobian.report.sweeps);

// Two points in one call: x is (K, n), the answer is (K, m, n).
const both = await call("Jacobian", { function: f, points: tensor([0, 3, 1, 2], 2, 2) });
console.log("at two points:", both.dense.shape, both.dense.values);

// J u along two directions at one point.
const jvp = await call("Jvp", { function: f, points: tensor([0, 3], 2), tangents: tensor([1, 0, 0, 1], 2, 2) });
console.log("J u:", jvp.tangents.values);

// The entries alone; the pattern is the same at every point, so it need come only once.
const sparse = { function: f, layout: "LAYOUT_SPARSE" };
const first = (await call("Jacobian", { ...sparse, points: tensor([0, 3], 2) })).sparse;
const next = (await call("Jacobian", { ...sparse, points: tensor([1, 2], 2), valuesOnly: true })).sparse;
console.log("sparse: rows", first.row, "columns", first.column, "values", first.values.values);
console.log("values only:", next.values.values);

const g = await call("Vjp", { function: { list: logDensity() }, points: tensor([1, 0, 1], 3) });
console.log("g at (1, 0, 1):", g.values.values, "gradient:", g.cotangents.values);

// An error names its reason and the field at fault.
try {
  await call("Jacobian", { function: f, points: tensor([1, 2, 3], 3) });
} catch (error) {
  console.log(grpc.status[error.code] + ":", error.details);
}
client.close();
